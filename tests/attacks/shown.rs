//! What programs and archives say, as people see it: on the page of a submission, by the API, in
//! the exported lists.

use std::io::{Cursor, Read};

use regex::Regex;
use serde::Deserialize;

use super::seen::Seen;
use super::{entry, names};
use crate::server::{SEMESTER, STUDENT, Server};

const FAMILY: &str = "shown";

/// What is said, and how it must be shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// In words.
    tries: String,
    /// What the page must match.
    shows: Vec<String>,
    /// What it must not hold anywhere.
    never: Vec<String>,
    /// The program that says it.
    program: Option<String>,
    /// The name of its archive, if that says it.
    upload: Option<String>,
    /// A name on the roster that says it.
    family_name: Option<String>,
}

fn entries() -> Vec<(String, Entry)> {
    names(FAMILY).into_iter().map(|name| (name.clone(), entry(FAMILY, &name))).collect()
}

#[tokio::test]
async fn what_programs_say_is_shown_as_text() {
    let server = Server::started(None);
    let token = server.token(STUDENT);
    let browser = server.signed_in(STUDENT).await;
    let mut shown = 0;
    for (name, entry) in entries() {
        let Some(program) = &entry.program else { continue };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("solution.py"), program).unwrap();
        let upload = entry.upload.as_deref().unwrap_or("submission.tar");
        let packed = crate::server::pack(folder.path());
        let response = server.upload("backprop", &token, upload, packed).await;
        assert_eq!(response.status(), 201, "{name}");
        let place = response.headers()["location"].to_str().unwrap().to_owned();
        let grading = server.graded(&token, &place).await;
        assert_eq!(grading["verdict"], "failed", "{name}: {grading:#}");
        let id = place.rsplit('/').next().unwrap();
        let overview = format!("/semesters/{SEMESTER}/projects/backprop");
        let mut all = String::new();
        for path in [format!("/submissions/{id}"), overview] {
            let response = browser.get(server.url(&path)).send().await.unwrap();
            assert_eq!(response.status(), 200, "{name}: {path}");
            let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
            assert!(!policy.contains("unsafe"), "{policy}");
            all.push_str(&response.text().await.unwrap());
        }
        for words in &entry.shows {
            assert!(Regex::new(words).unwrap().is_match(&all), "{name}: not shown: {words}\n{all}");
        }
        for words in &entry.never {
            assert!(!all.contains(words.as_str()), "{name}: shown: {words:?}");
        }
        let (by, verdict, reason) =
            ("text is escaped where it is shown", "failed", "shown as text");
        Seen { family: FAMILY, name: &name, tries: &entry.tries, by, verdict, reason }.tell();
        shown += 1;
    }
    assert!(shown >= 5, "only {shown} entries have a program");
}

#[tokio::test]
async fn names_are_text_in_every_list() {
    let server = Server::prepared(None);
    for (name, entry) in entries() {
        let Some(family_name) = &entry.family_name else { continue };
        let quoted = family_name.replace('"', "\"\"");
        let roster = format!(
            "family name,first name,Legi number,e-mail,department,level,role\n\
             \"{quoted}\",Eve,12-345-690,eve@example.org,D-INFK,MSc,student\n"
        );
        let file = server.file("evil.csv", roster.as_bytes());
        server.admin(&["roster", "import", file.to_str().unwrap(), "--semester", SEMESTER]);
        let csv = server.admin(&["export", "admissions", "--semester", SEMESTER]);
        let line = csv.lines().find(|line| line.contains("12-345-690")).unwrap();
        assert!(line.contains(&format!("\"'{quoted}\"")), "{line}");
        let sheet = server.file("list.xlsx", b"");
        let path = sheet.to_str().unwrap();
        let list = ["export", "admissions", "--semester", SEMESTER, "--format", "xlsx"];
        server.admin(&[&list[..], &["--output", path]].concat());
        let mut book = zip::ZipArchive::new(Cursor::new(std::fs::read(&sheet).unwrap())).unwrap();
        let mut cells = String::new();
        book.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut cells).unwrap();
        assert!(!cells.contains("<f>"), "a formula: {cells}");
        let (by, verdict, reason) = ("text cells, and a quote in front in CSV", "-", "no formula");
        Seen { family: FAMILY, name: &name, tries: &entry.tries, by, verdict, reason }.tell();
    }
}
