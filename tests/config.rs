//! Settings: what lies over what, and that a wrong one is named.

use std::path::Path;

use testat::config::Config;

fn read(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("testat.toml");
    std::fs::write(&path, file).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from(&path, variables)
        .map_err(|fault| fault.to_string().replace(&folder.path().display().to_string(), ""))
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let fault = read("workres = 3\n", &[]).unwrap_err();
    assert!(fault.contains("/testat.toml") && fault.contains("workres"), "{fault}");
}

#[test]
fn an_unknown_variable_is_refused_by_name() {
    let fault = read("", &[("TESTAT_WORKRES", "3")]).unwrap_err();
    assert!(fault.starts_with("TESTAT_WORKRES: no such setting"), "{fault}");
}

#[test]
fn a_wrong_value_is_named_with_its_file_and_key() {
    let fault = read("listen = \"localhost\"\n", &[]).unwrap_err();
    assert!(fault.contains("/testat.toml: listen") && fault.contains("`localhost`"), "{fault}");
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_line() {
    let fault = read("\nworkers = \"many\"\n", &[]).unwrap_err();
    assert!(fault.contains("line 2") && fault.contains("workers"), "{fault}");
}

#[test]
fn a_wrong_variable_is_named() {
    let fault = read("", &[("TESTAT_WORKERS", "many")]).unwrap_err();
    assert!(fault.starts_with("TESTAT_WORKERS: `many`"), "{fault}");
}

#[test]
fn a_wrong_database_url_is_refused_without_being_printed() {
    let fault = read("", &[("TESTAT_DATABASE_URL", "mysql://me:hunter2@db")]).unwrap_err();
    assert!(fault.starts_with("TESTAT_DATABASE_URL"), "{fault}");
    assert!(!fault.contains("hunter2"), "{fault}");
}

#[test]
fn a_variable_lies_over_the_file() {
    let config =
        read("workers = 3\nlisten = \"127.0.0.1:1\"\n", &[("TESTAT_WORKERS", "5")]).unwrap();
    assert_eq!(config.workers, 5);
    assert_eq!(config.listen.port(), 1);
}

#[test]
fn a_missing_file_means_the_defaults() {
    let config = Config::from(Path::new("/nowhere/testat.toml"), std::iter::empty()).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(config.database_url.reveal().starts_with("sqlite:"));
    assert!(!config.allow_weak_limits);
}

#[test]
fn printing_the_settings_does_not_print_the_database_url() {
    let config = read("database_url = \"postgres://me:hunter2@db/testat\"\n", &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn cookies_need_tls_unless_on_loopback() {
    assert!(read("", &[]).unwrap().on_loopback());
    assert!(!read("public_url = \"https://testat.example.org\"\n", &[]).unwrap().on_loopback());
    assert!(!read("listen = \"0.0.0.0:80\"\n", &[]).unwrap().on_loopback());
}

#[test]
fn an_smtp_url_is_checked_and_never_printed() {
    for (url, fault) in [
        ("http://mail", "smtp://host"),
        ("smtp://me:hunter2@mail.example.org", "in the clear"),
        ("smtp://me:hunter2@mail.example.org?tls=opportunistic", "in the clear"),
        ("smtp://mail?tls=never", "smtp://host"),
        ("mail:hunter2", "smtp://host"),
    ] {
        let said = read("", &[("TESTAT_SMTP_URL", url)]).unwrap_err();
        assert!(said.starts_with("TESTAT_SMTP_URL: `(secret)`"), "{said}");
        assert!(said.contains(fault) && !said.contains("hunter2"), "{said}");
    }
    for url in [
        "smtps://me:hunter2@mail.example.org",
        "smtp://me:hunter2@mail.example.org?tls=required",
        "smtp://me:hunter2@127.0.0.1:2525",
        "smtp://me:hunter2@[::1]",
        "smtp://mail.example.org",
    ] {
        let from = ("TESTAT_MAIL_FROM", "testat@example.org");
        let config = read("", &[("TESTAT_SMTP_URL", url), from]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
        assert_eq!(config.smtp_url.unwrap().reveal(), url);
    }
}

#[test]
fn whoever_sends_letters_says_where_they_come_from() {
    let fault = read("smtp_url = \"smtp://mail\"\n", &[]).unwrap_err();
    assert!(fault.starts_with("mail_from is not set"), "{fault}");
    assert!(read("", &[]).unwrap().mail_from.as_str().ends_with(".invalid"));
}
