//! The demo semester: filled and graded for real, with somebody in every state that there is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::server::{PATIENCE, Server};

/// The semester that the demo makes now: the one that is not the earlier one.
async fn semester(server: &Server, token: &str) -> String {
    let all = server.get(token, "/api/v1/semesters").await;
    let names = all.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned());
    // Sorted by year, then half: FS before HS.
    names.max_by_key(|name| (name[2..].to_owned(), name[..2].to_owned())).unwrap()
}

#[tokio::test]
async fn it_has_all_seven_projects_and_somebody_in_every_state() {
    let mut server = Server::empty(None);
    let filled = server.command().arg("demo").output().unwrap();
    assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
    let mut command = server.command();
    // Without workers what waits keeps waiting.
    command.env("TESTAT_WORKERS", "0");
    server.start_as(command);
    let admin = server.token("office@example.org");
    let semester = semester(&server, &admin).await;

    let list = server.get(&admin, &format!("/api/v1/semesters/{semester}/admissions")).await;
    let students = list["students"].as_array().unwrap();
    let states: BTreeSet<&str> = students.iter().map(|s| s["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["admitted", "not_admitted", "open"].into());
    assert!(students.iter().any(|s| s["basis"]["kind"] == "carried_over"), "{}", summary(students));

    let mut passed = BTreeSet::new();
    let (mut overridden, mut waiting, mut late, mut failed) = (false, false, false, false);
    for student in students {
        let token = server.token(student["email"].as_str().unwrap());
        let standing = server.get(&token, &format!("/api/v1/semesters/{semester}/results")).await;
        for result in standing["results"].as_array().unwrap() {
            overridden |= result["overridden"] == true;
            waiting |= result["waiting"] == true;
            failed |= result["verdict"] == "failed";
            let slug = result["slug"].as_str().unwrap();
            let submissions = format!("/api/v1/semesters/{semester}/projects/{slug}/submissions");
            let submissions = server.get(&token, &submissions).await;
            for submission in submissions.as_array().unwrap() {
                late |= submission["late"] == true;
                assert_ne!(submission["state"], "needs_attention", "{submission}");
                if submission["verdict"] == "passed" {
                    passed.insert(result["project"].as_i64().unwrap());
                }
            }
        }
    }
    assert_eq!(passed, (1..=7).collect(), "each project has been passed by a program");
    assert!(overridden && waiting && late && failed, "{}", summary(students));

    let lecturer = server.signed_in("lecturer@example.org").await;
    let list = server.url(&format!("/class/{semester}/questions?state=all"));
    let list = lecturer.get(list).send().await.unwrap().text().await.unwrap();
    for state in ["open", "answered", "closed"] {
        assert!(list.contains(&format!("badge {state}")), "{state}: {list}");
    }
    let copies = searched(&server, &lecturer, &semester).await;
    assert!(copies.contains("the largest share first"), "the demo's students share one: {copies}");
}

/// The page of the copies, once the search that the demo asked for is done.
async fn searched(server: &Server, browser: &reqwest::Client, semester: &str) -> String {
    let begun = std::time::Instant::now();
    loop {
        let page = browser.get(server.url(&format!("/class/{semester}/copies?project=1"))).send();
        let page = page.await.unwrap().text().await.unwrap();
        if page.contains("Search again") {
            return page;
        }
        assert!(begun.elapsed() < PATIENCE, "{page}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn summary(students: &[Value]) -> String {
    students.iter().map(|student| format!("{student}\n")).collect()
}
