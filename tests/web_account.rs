//! A person's own account over HTTP: tokens, sessions, password.

use std::path::Path;

use testat::course::SecretHash;

use crate::app::{ADA, EMMY, OFFICE, PASSWORD, TestApp, location};

fn holds(folder: &Path, text: &str) -> bool {
    let files =
        std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()));
    files.flatten().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
}

#[tokio::test]
async fn a_token_is_shown_once_and_stored_as_its_hash_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("testat.db").display());
    let app = TestApp::on(Some(url)).await;
    let ada = app.signed_in(ADA).await;
    let page = ada.submit("/profile/tokens", &[("name", "laptop")]).await.text().await.unwrap();
    let (_, rest) = page.split_once("<pre tabindex=\"0\">").unwrap();
    let token = rest.split('<').next().unwrap();
    assert_eq!((page.matches(token).count(), token.len()), (1, 64));
    assert!(!ada.page("/profile").await.contains(token), "shown once");
    assert!(holds(folder.path(), SecretHash::of(token).as_str()), "the search finds what is there");
    assert!(!holds(folder.path(), token), "in the database as it was shown");
    let nameless = ada.submit("/profile/tokens", &[("name", " ")]).await;
    assert_eq!(nameless.status(), 422);
}

#[tokio::test]
async fn a_token_is_revoked_by_its_owner_alone() {
    let app = TestApp::started().await;
    let token = app.token(EMMY).await;
    let emmy = app.person(EMMY).await;
    let id = testat::store::tokens::of_person(&app.db, &emmy).await.unwrap().remove(0).id;
    let path = format!("/profile/tokens/{id}/revoke");
    for other in [ADA, OFFICE] {
        assert_eq!(app.signed_in(other).await.submit(&path, &[]).await.status(), 404, "{other}");
    }
    let me = reqwest::Client::new().get(app.url("/api/v1/me")).bearer_auth(token);
    assert_eq!(me.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn sign_out_everywhere_ends_the_persons_other_sessions_and_nobody_elses() {
    let app = TestApp::started().await;
    let (one, other) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    let emmy = app.signed_in(EMMY).await;
    assert_eq!(other.page("/profile").await.matches("<li>since ").count(), 2, "both are listed");
    assert_eq!(one.submit("/profile/sign-out-everywhere", &[]).await.status(), 303);
    for browser in [&one, &other] {
        assert!(location(&browser.get("/profile").await).starts_with("/sign-in"));
    }
    assert_eq!(emmy.get("/profile").await.status(), 200);
}

#[tokio::test]
async fn a_change_of_password_needs_the_old_one_and_a_wrong_guess_changes_nothing() {
    let app = TestApp::started().await;
    let (one, other) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    let new = "tulip verve octagon";
    let change = |old: &'static str, again: &'static str| {
        [("old", old), ("password", new), ("again", again)]
    };
    for fields in
        [change("a wrong old one", new), change("", new), change(PASSWORD, "a typo in it")]
    {
        assert_eq!(one.submit("/profile/password", &fields).await.status(), 422, "{fields:?}");
    }
    assert_eq!(other.get("/profile").await.status(), 200, "still signed in");
    assert_eq!(app.browser().sign_in(ADA, new).await.status(), 401);
    assert_eq!(one.submit("/profile/password", &change(PASSWORD, new)).await.status(), 303);
    assert_eq!(other.get("/profile").await.status(), 303, "whoever had the old one is out");
    assert_eq!(app.browser().sign_in(ADA, new).await.status(), 303);
}

#[tokio::test]
async fn a_token_has_a_scope_an_end_and_a_last_use_that_its_owner_sees() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    for days in ["0", "367", "-1", "soon"] {
        let fields = [("name", "laptop"), ("scope", "read"), ("days", days)];
        assert_eq!(ada.submit("/profile/tokens", &fields).await.status(), 422, "{days}");
    }
    let odd = [("name", "laptop"), ("scope", "all"), ("days", "1")];
    assert_eq!(ada.submit("/profile/tokens", &odd).await.status(), 400);
    let fields = [("name", "laptop"), ("scope", "read"), ("days", "1")];
    let page = ada.submit("/profile/tokens", &fields).await.text().await.unwrap();
    let (_, rest) = page.split_once("<pre tabindex=\"0\">").unwrap();
    let token = rest.split('<').next().unwrap().to_owned();
    let me = reqwest::Client::new().get(app.url("/api/v1/me")).bearer_auth(token);
    assert_eq!(me.send().await.unwrap().status(), 200);
    let page = ada.page("/profile").await;
    assert!(page.contains("<td>read</td>") && page.contains("from 127.0.0.1"), "{page}");
    let made = testat::store::tokens::of_person(&app.db, &app.person(ADA).await).await.unwrap();
    assert_eq!(made[0].expires_at - made[0].created_at, 24 * 3_600_000);
}

#[test]
fn tokens_are_made_listed_and_revoked_from_the_command_line() {
    let server = crate::server::Server::prepared(None);
    let email = crate::server::STUDENT;
    let secret = server.admin(&["token", email, "--scope", "read", "--days", "7"]);
    assert_eq!(secret.trim().len(), 64);
    let listed = server.admin(&["tokens", email]);
    assert!(listed.contains("  read  holds, until ") && listed.contains("never used"), "{listed}");
    assert!(!listed.contains(secret.trim()));
    let id = listed.split_whitespace().next().unwrap();
    server.admin(&["revoke-token", email, id]);
    assert!(server.admin(&["tokens", email]).contains("  read  revoked, until "));
    assert!(!server.try_admin(&["revoke-token", email, id]).status.success(), "once");
    assert!(!server.try_admin(&["token", email, "--scope", "all"]).status.success());
    assert!(!server.try_admin(&["token", email, "--days", "4000"]).status.success());
}
