//! A student's first page: the path of the projects, and where they stand with the exam.

use testat::clock::Clock;
use testat::course::admission::Decision;
use testat::course::{PersonId, ProjectNumber, SemesterName, Verdict};
use testat::store::overrides::{self, What};
use testat::store::semesters::{self, NewSemester};
use testat::store::{Db, roster};

use crate::app::{ADA, LECTURER, SEMESTER, TestApp, location, solution};

fn semester(name: &str) -> SemesterName {
    name.parse().unwrap()
}

/// As if the lecturer had seen it work.
async fn pass(db: &Db, person: &PersonId, by: &PersonId, number: i64, at: i64) {
    let what = What::Result(ProjectNumber::new(number).unwrap(), Verdict::Passed);
    let reason = "shown in class".parse().unwrap();
    overrides::decide(db, &semester(SEMESTER), person, what, &reason, by, at).await.unwrap();
}

#[tokio::test]
async fn the_path_has_each_project_with_state_due_time_and_time_left() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let page = ada.page(&format!("/semesters/{SEMESTER}")).await;
    assert_eq!(page.matches("<li class=\"step ").count(), 7, "{page}");
    for words in ["step open", "13 days", "h left", "step ahead", "Opens ", "Open now", "Begin"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("Passed 0 of 7: five more needed, seven still open."), "{page}");
    assert!(!page.contains("Admission reached"));

    assert_eq!(
        location(&ada.upload("solution.py", solution()).await).find("/submissions/"),
        Some(0)
    );
    let page = ada.page(&format!("/semesters/{SEMESTER}")).await;
    assert!(page.contains("step waiting") && page.contains("1 submission<"), "{page}");
    assert!(page.contains("Go on with it"), "it is still open: {page}");
}

#[tokio::test]
async fn the_pass_that_admits_is_shown_and_dated() {
    let app = TestApp::started().await;
    let (person, by) = (app.person(ADA).await, app.person(LECTURER).await);
    let now = Clock.now();
    for number in 1..=4 {
        pass(&app.db, &person, &by, number, now + number).await;
    }
    let ada = app.signed_in(ADA).await;
    let page = ada.page(&format!("/semesters/{SEMESTER}")).await;
    assert!(page.contains("Passed 4 of 7: one more needed, three still open."), "{page}");

    pass(&app.db, &person, &by, 6, now + 60_000).await;
    pass(&app.db, &person, &by, 7, now + 120_000).await;
    let page = ada.page(&format!("/semesters/{SEMESTER}")).await;
    assert!(page.contains("You are admitted to the exam."), "{page}");
    assert_eq!(page.matches("Admission reached</p>").count(), 1, "{page}");
    let sixth = page.split("Project 6<").nth(1).unwrap();
    assert!(sixth.split("</li>").next().unwrap().contains("Admission reached"), "{page}");
    assert!(page.contains("<strong>Reached ") && page.contains("Passed so far: 6 of 7"), "{page}");
}

#[tokio::test]
async fn a_carried_over_admission_names_its_semester_and_its_date() {
    let app = TestApp::started().await;
    let (person, by, now) = (app.person(ADA).await, app.person(LECTURER).await, Clock.now());
    let earlier = semester("HS2025");
    let new = NewSemester {
        name: earlier.clone(),
        first_lecture: jiff::civil::date(2025, 9, 17),
        rule: testat::course::admission::Rule::new(1, 1).unwrap(),
        daily_limit: 3,
        due_at: testat::course::calendar::DUE_AT,
        projects: vec![("backprop".parse().unwrap(), "Backpropagation".to_owned())],
    };
    semesters::create(&app.db, &new, None, now).await.unwrap();
    let row = "family name,first name,Legi number,e-mail,department,level,role\n\
        Lovelace,Ada,12-345-674,ada@example.org,D-INFK,MSc,student\n";
    let rows = testat::intake::roster::read(row.as_bytes()).unwrap();
    roster::import(&app.db, &earlier, &rows, None, now).await.unwrap();
    let reason = "admitted on paper".parse().unwrap();
    // 3 December 2025, 10:00 in Zurich.
    let at = 1_764_752_400_000;
    let what = What::Admission(Decision::Admitted);
    overrides::decide(&app.db, &earlier, &person, what, &reason, &by, at).await.unwrap();

    let page = app.signed_in(ADA).await.page(&format!("/semesters/{SEMESTER}")).await;
    for words in [
        "since you were in HS2025 already",
        "Carried over from HS2025",
        "Wed 3 Dec 2025, 10:00 CET",
        "Passed this semester: 0 of 7",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
