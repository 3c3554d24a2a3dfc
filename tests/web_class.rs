//! The class page over HTTP: what it shows of many students, in what order, and to whom.

use testat::clock::Clock;
use testat::course::calendar::Window;
use testat::course::{ProjectNumber, Verdict};
use testat::store::{queue, roster, semesters};

use crate::app::{ADA, Browser, EMMY, LECTURER, SEMESTER, TestApp, solution};
use crate::web_staff::{HEADER, decide, extend, graded, semester, student_page};

/// Beside the two who are there, so many that there are three pages.
const MORE: usize = 110;
const HOUR: i64 = 3_600_000;

fn email(at: usize) -> String {
    format!("student{at:03}@example.org")
}

async fn enrol_more(app: &TestApp) {
    let line = |at: usize| {
        let legi = format!("90-000-{at:03}");
        let level = if at.is_multiple_of(2) { "MSc" } else { "BSc" };
        format!("Family{at:03},First,{legi},{},D-ITET,{level},student\n", email(at))
    };
    let csv: String = std::iter::once(HEADER.to_owned()).chain((0..MORE).map(line)).collect();
    let rows = testat::intake::roster::read(csv.as_bytes()).unwrap();
    roster::import(&app.db, &semester(), &rows, None, Clock.now()).await.unwrap();
}

/// Moves the windows of these projects into the past.
async fn close(app: &TestApp, projects: &[i64]) {
    let now = Clock.now();
    for number in projects {
        let project = ProjectNumber::new(*number).unwrap();
        let window = Window { project, opens: now - 2 * HOUR, due: now - HOUR };
        semesters::set_window(&app.db, &semester(), window, None, now).await.unwrap();
    }
}

/// Names in the first column, from the top.
fn names(page: &str) -> Vec<String> {
    let Some((_, body)) = page.split_once("<table class=\"table wide sticky\">") else {
        return Vec::new();
    };
    let body = body.split("</table>").next().unwrap();
    let rows = body.split("<th scope=\"row\">").skip(1);
    rows.map(|row| {
        let cell = row.split("</th>").next().unwrap();
        let cell = cell.split("<br>").next().unwrap();
        cell.rsplit_once("\">").map_or(cell, |(_, name)| name).replace("</a>", "")
    })
    .collect()
}

async fn shown(browser: &Browser, query: &str) -> Vec<String> {
    names(&browser.page(&format!("/class/{SEMESTER}{query}")).await)
}

#[tokio::test]
async fn fifty_students_stand_on_a_page_and_the_pages_hold_everyone_once_in_order() {
    let app = TestApp::started().await;
    enrol_more(&app).await;
    let lecturer = app.signed_in(LECTURER).await;
    let mut all = Vec::new();
    for (page, expected) in [("", 50), ("?page=2", 50), ("?page=3", 12)] {
        let names = shown(&lecturer, page).await;
        assert_eq!(names.len(), expected, "{page}");
        all.extend(names);
    }
    assert!(all.is_sorted(), "{all:?}");
    assert_eq!(all.len(), MORE + 2);
    assert_eq!(all.first().unwrap(), "Family000, First");
    assert_eq!(all.last().unwrap(), "Noether, Emmy");
    let turned = shown(&lecturer, "?sort=-name").await;
    assert_eq!(turned, all.iter().rev().take(50).cloned().collect::<Vec<_>>());
    let beyond = shown(&lecturer, "?page=99").await;
    assert_eq!(beyond.len(), 12, "a page that is not there is the last one");
    let second = lecturer.page(&format!("/class/{SEMESTER}?page=2&sort=-name")).await;
    for part in
        ["Page 2 of 3", "Students 51 to 100 of 112", "sort=-name&amp;page=3", "rel=\"prev\""]
    {
        assert!(second.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_name_a_legi_number_and_an_address_find_whoever_has_them() {
    let app = TestApp::started().await;
    enrol_more(&app).await;
    let lecturer = app.signed_in(LECTURER).await;
    for (query, expected) in [
        ("?q=noether", vec!["Noether, Emmy"]),
        ("?q=Emmy+Noether", vec!["Noether, Emmy"]),
        ("?q=12-345-674", vec!["Lovelace, Ada"]),
        ("?q=+student042%40example+", vec!["Family042, First"]),
        ("?q=nobody+at+all", vec![]),
        ("?q=%25", vec![]),
    ] {
        let expected: Vec<&str> = expected;
        assert_eq!(shown(&lecturer, query).await, expected, "{query}");
    }
    let nothing = lecturer.page(&format!("/class/{SEMESTER}?q=%3Cscript%3E")).await;
    assert!(nothing.contains("No student fits."));
    assert!(!nothing.contains("<script>"), "what was asked is text");
}

#[tokio::test]
async fn results_sort_and_narrow_the_class_and_a_change_shows_at_once() {
    let app = TestApp::started().await;
    enrol_more(&app).await;
    let lecturer = app.signed_in(LECTURER).await;
    assert_eq!(shown(&lecturer, "?project=1&is=passed").await, Vec::<String>::new());
    graded(&app, Verdict::Passed).await;
    assert_eq!(shown(&lecturer, "?project=1&is=passed").await, ["Noether, Emmy"]);
    assert_eq!(shown(&lecturer, "?sort=-passed").await[0], "Noether, Emmy");
    assert_eq!(shown(&lecturer, "?sort=1").await[0], "Noether, Emmy");
    let ada = student_page(&app, ADA).await;
    for project in ["1", "2", "3", "4", "5"] {
        assert_eq!(decide(&lecturer, &ada, project, "passed").await, 303);
    }
    assert_eq!(shown(&lecturer, "?show=admitted").await, ["Lovelace, Ada"]);
    assert_eq!(shown(&lecturer, "?sort=-passed").await[..2], ["Lovelace, Ada", "Noether, Emmy"]);
    let emmy = student_page(&app, EMMY).await;
    for project in ["2", "3"] {
        assert_eq!(decide(&lecturer, &emmy, project, "failed").await, 303);
    }
    let page = lecturer.page(&format!("/class/{SEMESTER}?show=not_admitted")).await;
    assert!(page.contains("No student fits."), "what is still open may be handed in again");
    let row = lecturer.page(&format!("/class/{SEMESTER}?q=lovelace")).await;
    assert!(row.contains(">5 of 7</td>"));
    assert!(row.contains("1 admitted"));
}

#[tokio::test]
async fn whoever_needs_every_project_that_is_left_is_at_risk() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    assert_eq!(shown(&lecturer, "?show=at_risk").await, Vec::<String>::new());
    // With their due times of two projects in the past, five of five are needed.
    close(&app, &[1, 2]).await;
    assert_eq!(shown(&lecturer, "?show=at_risk").await, ["Lovelace, Ada", "Noether, Emmy"]);
    let emmy = student_page(&app, EMMY).await;
    assert_eq!(extend(&lecturer, &emmy, "2099-01-01").await, 303);
    assert_eq!(shown(&lecturer, "?show=at_risk").await, ["Lovelace, Ada"]);
    close(&app, &[3]).await;
    assert_eq!(shown(&lecturer, "?show=not_admitted").await, ["Lovelace, Ada"]);
    assert_eq!(shown(&lecturer, "?show=at_risk").await, ["Noether, Emmy"]);
}

#[tokio::test]
async fn with_names_hidden_the_page_tells_nobody_apart_by_who_they_are() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    let address = format!("/class/{SEMESTER}?names=hidden");
    let page = lecturer.page(&address).await;
    for telling in ["Lovelace", "Ada", "Noether", "12-345", "example.org</", "/students/"] {
        assert!(!page.contains(telling), "{telling}");
    }
    let first = names(&page);
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|name| name.starts_with("Student ")), "{first:?}");
    assert_eq!(names(&lecturer.page(&address).await), first, "the names hold");
    for hidden in ["lovelace", "12-345-674", "ada%40example.org"] {
        let found = shown(&lecturer, &format!("?names=hidden&q={hidden}")).await;
        assert_eq!(found, Vec::<String>::new(), "{hidden} finds nobody");
    }
    let one = first[0].trim_start_matches("Student ");
    assert_eq!(shown(&lecturer, &format!("?names=hidden&q={one}")).await, [first[0].clone()]);
    let other = names(&app.signed_in(LECTURER).await.page(&address).await);
    assert_ne!(other, first, "another sign-in has other names");
    for link in page.split("href=\"/class/").skip(1) {
        let link = link.split('"').next().unwrap();
        assert!(
            link.contains("names=hidden") || link == SEMESTER,
            "{link} leads back to the names"
        );
    }
}

/// Someone's submission whose grading has failed by these checks, or passed if there are none.
async fn ended(app: &TestApp, email: &str, failed: &[&str]) {
    assert_eq!(app.signed_in(email).await.upload("solution.py", solution()).await.status(), 303);
    let now = Clock.now();
    let lease = queue::claim(&app.db, "test", now, now + HOUR).await.unwrap().unwrap();
    let outcome = queue::Outcome {
        verdict: if failed.is_empty() { Verdict::Passed } else { Verdict::Failed },
        seed: "0".repeat(64),
        grader_version: "1.0.0-test".to_owned(),
        runtime: "none".to_owned(),
        failed: failed.iter().map(|check| (*check).to_owned()).collect(),
        report: "{}".to_owned(),
    };
    let held = queue::record(&app.db, &lease, &outcome, now).await.unwrap();
    assert_eq!(held, queue::Held::Yes);
}

#[tokio::test]
async fn statistics_count_what_was_handed_in_passed_and_failed_by() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    let address = format!("/class/{SEMESTER}/statistics");
    let empty = lecturer.page(&address).await;
    assert!(empty.contains("Nothing was handed in yet."));
    ended(&app, ADA, &["grads", "sgd"]).await;
    ended(&app, ADA, &["grads"]).await;
    ended(&app, ADA, &[]).await;
    ended(&app, EMMY, &[]).await;
    let page = lecturer.page(&address).await;
    for part in [
        "4 submissions by a class of 2.",
        "<th scope=\"row\">1. Backpropagation from scratch</th><td class=\"number\">2</td>\
         <td class=\"number\">4</td><td class=\"number\">2</td>",
        // Three attempts of the one's and one of the other's.
        "2 <span class=\"muted nowrap\">(2 to 2)</span>",
        "<code>grads</code></th><td class=\"number\">2</td><td class=\"number\">100 %</td>",
        "<code>sgd</code></th><td class=\"number\">1</td><td class=\"number\">50 %</td>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(page.matches("<svg class=\"figure\"").count(), 3, "by day, by pass, by check");
    assert_eq!(
        page.matches("<caption").count() + page.matches("<summary>").count(),
        3,
        "as many tables"
    );
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    for (query, words) in [
        ("sort=shoe-size", "not by `shoe-size`"),
        ("sort=8", "not by `8`"),
        ("project=9&is=passed", "There is no project `9`."),
        ("project=1&is=splendid", "`splendid` is no state"),
        ("show=everything", "everything"),
        ("page=minus", "`minus` is none"),
    ] {
        let response = lecturer.get(&format!("/class/{SEMESTER}?{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        let said = response.text().await.unwrap();
        assert!(said.contains(words), "{query}: {said}");
    }
    let empty = lecturer.get(&format!("/class/{SEMESTER}?q=&show=&project=&is=")).await;
    assert_eq!(empty.status(), 200, "a form sends its empty fields too");
}
