//! Copies over HTTP: found by a search that an instructor asks for, shown to staff alone, and never a reason
//! for a verdict.

use testat::clock::Clock;
use testat::copies::job;
use testat::course::calendar::{self, parse_day};
use testat::course::{ProjectNumber, Verdict};
use testat::store::queue::Held;
use testat::store::{audit, copies, people, results, roster, semesters, submissions};

use crate::app::{ADA, Browser, EMMY, LECTURER, PASSWORD, SEMESTER, TestApp};
use crate::web_staff::{HEADER, finish, semester, student_page};

/// Enough tokens to be compared.
const PROGRAM: &str = "def forward(params, images, slope):\n    hidden = images\n    kept = [images]\n    \
    for weights, bias in params[:-1]:\n        drive = hidden @ weights + bias\n        \
    hidden = [drive if drive > 0 else slope * drive for drive in hidden]\n        kept.append(hidden)\n    \
    weights, bias = params[-1]\n    return hidden @ weights + bias, kept\n";

fn renamed() -> String {
    let own = [("hidden", "a"), ("weights", "w"), ("bias", "b"), ("drive", "z"), ("kept", "out")];
    let text = own.iter().fold(PROGRAM.to_owned(), |text, (from, to)| text.replace(from, to));
    format!("# My own <b>work</b>.\n{text}")
}

const OWN: &str = "class Net:\n    def __init__(self, sizes):\n        self.layers = list(zip(sizes, sizes[1:]))\n\n    \
    def loss(self, y, t):\n        while y:\n            t[y] -= 1\n            y = y // 2\n        return t or None\n";

async fn hand_in(app: &TestApp, email: &str, text: &str) {
    let response = app.signed_in(email).await.upload("solution.py", text.as_bytes().to_vec()).await;
    assert_eq!(response.status(), 303);
}

async fn ask(browser: &Browser) -> u16 {
    let path = format!("/class/{SEMESTER}/copies");
    browser.submit(&path, &[("project", "1")]).await.status().as_u16()
}

async fn search(app: &TestApp, browser: &Browser) {
    assert_eq!(ask(browser).await, 303);
    assert!(job::step(&app.desk()).await.unwrap());
    assert!(!job::step(&app.desk()).await.unwrap(), "nothing else waits");
}

async fn list(browser: &Browser, query: &str) -> String {
    browser.page(&format!("/class/{SEMESTER}/copies?project=1{query}")).await
}

/// The address of the first pair of a list.
fn first_pair(page: &str) -> String {
    let (_, rest) = page.split_once("href=\"/copies/").unwrap_or_else(|| panic!("{page}"));
    format!("/copies/{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn a_copy_is_found_shown_side_by_side_and_marked() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    assert!(list(&lecturer, "").await.contains("Nobody has searched"));
    hand_in(&app, ADA, PROGRAM).await;
    hand_in(&app, EMMY, &renamed()).await;
    assert_eq!(ask(&lecturer).await, 303);
    let page = list(&lecturer, "").await;
    assert!(page.contains("waits for its turn") && page.contains("data-reload"), "{page}");
    assert_eq!(ask(&lecturer).await, 409, "one at a time");
    assert!(job::step(&app.desk()).await.unwrap());

    let page = list(&lecturer, "").await;
    assert!(page.contains("2 submissions compared") && page.contains("1 pair,"), "{page}");
    assert!(
        page.contains("100 %") && page.contains("Ada Lovelace") && page.contains("Emmy Noether")
    );
    assert!(
        page.contains("Group 1: 2 submissions") && page.contains("<svg class=\"group\""),
        "{page}"
    );
    assert!(!page.contains("style="), "nothing inline");
    let pair = first_pair(&page);
    let shown = lecturer.page(&pair).await;
    assert!(shown.contains("id=\"left-1\"") && shown.contains("id=\"right-1\""), "{shown}");
    assert!(shown.contains("href=\"#right-1\"") && shown.contains("class=\"same part-1\""));
    assert!(shown.contains("My own &lt;b&gt;work"), "{shown}");
    assert!(shown.contains(&student_page(&app, ADA).await), "a way to decide what follows");

    let note = "Both from <the> lecture.";
    let reviewed = lecturer.submit(&format!("{pair}/review"), &[("note", note)]).await;
    assert_eq!(reviewed.status(), 303);
    let shown = lecturer.page(&pair).await;
    assert!(shown.contains("Both from &lt;the&gt; lecture.") && shown.contains("Benjamin Grewe"));
    assert!(list(&lecturer, "&show=open").await.contains("Every pair has been looked at"));
    search(&app, &lecturer).await;
    let page = list(&lecturer, "&show=reviewed").await;
    assert!(page.contains("looked at</span>"), "it holds for the next search: {page}");
    assert_eq!(lecturer.get(&pair).await.status(), 404, "the pair of the search before");
    let pair = first_pair(&page);
    assert_eq!(lecturer.submit(&format!("{pair}/take-back"), &[]).await.status(), 303);
    assert!(list(&lecturer, "&show=reviewed").await.contains("No pair has been looked at yet"));
    assert!(lecturer.page(&pair).await.contains("taken back"));

    let lines = audit::filtered(&app.db, &audit::Filter::default(), 6).await.unwrap();
    let mut actions: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    actions.reverse();
    let expected = [
        "copies.search",
        "copies.done",
        "copies.review",
        "copies.search",
        "copies.done",
        "copies.take_back_review",
    ];
    assert_eq!(actions, expected);
    audit::verify(&app.db).await.unwrap();
}

#[tokio::test]
async fn two_programs_of_their_own_and_the_kit_make_no_pair() {
    let app = TestApp::started().await;
    hand_in(&app, ADA, PROGRAM).await;
    hand_in(&app, EMMY, OWN).await;
    let lecturer = app.signed_in(LECTURER).await;
    search(&app, &lecturer).await;
    let page = list(&lecturer, "").await;
    assert!(page.contains("No two submissions have much in common"), "{page}");
}

#[tokio::test]
async fn no_verdict_and_no_admission_changes_and_students_see_nothing() {
    let app = TestApp::started().await;
    hand_in(&app, EMMY, &renamed()).await;
    finish(&app, Verdict::Passed).await;
    hand_in(&app, ADA, PROGRAM).await;
    finish(&app, Verdict::Passed).await;
    let (lecturer, emmy) = (app.signed_in(LECTURER).await, app.signed_in(EMMY).await);
    let now = Clock.now();
    let standing = async || results::admissions(&app.db, &semester(), now).await.unwrap();
    let before = standing().await;
    assert!(before.iter().all(|row| row.admission.passed == 1), "{before:?}");

    search(&app, &lecturer).await;
    let pair = first_pair(&list(&lecturer, "").await);
    assert_eq!(
        lecturer.submit(&format!("{pair}/review"), &[("note", "Copied.")]).await.status(),
        303
    );
    assert_eq!(standing().await, before);

    for path in [format!("/class/{SEMESTER}/copies?project=1"), pair] {
        assert_eq!(emmy.get(&path).await.status(), 404, "{path}");
    }
    let person = app.person(EMMY).await;
    let project = ProjectNumber::new(1).unwrap();
    let own = submissions::of_student(&app.db, &semester(), &person, project).await.unwrap();
    for path in [
        format!("/semesters/{SEMESTER}"),
        format!("/semesters/{SEMESTER}/projects/backprop"),
        format!("/submissions/{}/files", own[0].id),
    ] {
        let page = emmy.page(&path).await.to_lowercase();
        for word in ["copies", "copied", "lovelace", "share"] {
            assert!(!page.contains(word), "{word} on {path}: {page}");
        }
    }
}

/// A semester before this one with the same first project, a student and an instructor of its own.
async fn earlier_semester(app: &TestApp) {
    let now = Clock.now();
    let other = semesters::NewSemester {
        name: "FS2020".parse().unwrap(),
        first_lecture: parse_day("2020-02-19").unwrap(),
        rule: testat::course::admission::Rule::new(1, 1).unwrap(),
        daily_limit: 3,
        due_at: calendar::DUE_AT,
        projects: vec![("backprop".parse().unwrap(), "Backpropagation".to_owned())],
    };
    semesters::create(&app.db, &other, None, now).await.unwrap();
    let csv = format!(
        "{HEADER}Turing,Alan,,alan@example.org,D-INFK,,instructor\n\
         Hopper,Grace,12-345-690,grace@example.org,D-INFK,MSc,student\n\
         Lovelace,Ada,12-345-674,ada@example.org,D-INFK,MSc,student\n"
    );
    let rows = testat::intake::roster::read(csv.as_bytes()).unwrap();
    roster::import(&app.db, &other.name, &rows, None, now).await.unwrap();
    let hash = testat::web::passwords::hash_now(PASSWORD).unwrap();
    for email in ["alan@example.org", "grace@example.org"] {
        let person = app.person(email).await;
        people::set_password(&app.db, &person, &hash, None, now).await.unwrap();
    }
}

/// Hands in to the earlier semester.
async fn hand_in_before(app: &TestApp, email: &str, text: &str) {
    let browser = app.signed_in(email).await;
    let part = reqwest::multipart::Part::bytes(text.as_bytes().to_vec()).file_name("solution.py");
    let form = reqwest::multipart::Form::new()
        .text("form_token", browser.form_token().await)
        .part("archive", part);
    let path = app.url("/semesters/FS2020/projects/backprop/submissions");
    let request = browser.client.post(path).header("sec-fetch-site", "same-origin").multipart(form);
    assert_eq!(request.send().await.unwrap().status(), 303);
}

#[tokio::test]
async fn earlier_semesters_are_searched_too_but_nobody_copies_from_themselves() {
    let app = TestApp::started().await;
    earlier_semester(&app).await;
    hand_in_before(&app, "grace@example.org", PROGRAM).await;
    hand_in_before(&app, ADA, PROGRAM).await;
    hand_in(&app, ADA, PROGRAM).await;
    let lecturer = app.signed_in(LECTURER).await;
    search(&app, &lecturer).await;
    let page = list(&lecturer, "").await;
    assert!(page.contains("3 submissions compared") && page.contains("1 pair,"), "{page}");
    assert!(page.contains("Grace Hopper</td>") || page.contains("Grace Hopper <span"), "{page}");
    assert!(page.contains("<span class=\"badge late\">FS2020</span>"));
    let pair = first_pair(&page);
    let shown = lecturer.page(&pair).await;
    assert!(shown.contains("FS2020") && shown.contains("Submission 1"), "{shown}");
    assert_eq!(shown.matches("/files\"").count(), 1, "a link only to what they may see there");

    let alan = app.signed_in("alan@example.org").await;
    assert_eq!(alan.get(&pair).await.status(), 404, "another semester's instructor");
    for path in [format!("{pair}/review"), format!("{pair}/take-back")] {
        assert_eq!(alan.submit(&path, &[("note", "")]).await.status(), 404, "{path}");
    }
    assert_eq!(alan.get(&format!("/class/{SEMESTER}/copies")).await.status(), 404);
    for email in [ADA, EMMY, "grace@example.org"] {
        assert_eq!(app.signed_in(email).await.get(&pair).await.status(), 404, "{email}");
    }
}

#[tokio::test]
async fn a_search_whose_process_died_is_taken_up_again_and_given_up_in_the_end() {
    let app = TestApp::started().await;
    hand_in(&app, ADA, PROGRAM).await;
    let lecturer = app.signed_in(LECTURER).await;
    assert_eq!(ask(&lecturer).await, 303);
    let now = Clock.now();
    let first = copies::claim(&app.db, now, now + 10).await.unwrap().unwrap();
    assert_eq!(copies::claim(&app.db, now + 5, now + 10).await.unwrap(), None, "it is held");
    let second = copies::claim(&app.db, now + 11, now + 20).await.unwrap().unwrap();
    assert_eq!((first.id.clone(), second.attempt), (second.id.clone(), 2));
    let nothing = copies::Found { pairs: Vec::new(), unread: 0 };
    let late = copies::record(&app.db, &first, &nothing, now + 12).await.unwrap();
    assert_eq!(late, Held::Lost, "a late process changes nothing");
    copies::claim(&app.db, now + 21, now + 30).await.unwrap().unwrap();
    assert_eq!(copies::claim(&app.db, now + 31, now + 40).await.unwrap(), None);
    let page = list(&lecturer, "").await;
    assert!(page.contains("given up, through a fault of the server"), "{page}");
    search(&app, &lecturer).await;
    assert!(list(&lecturer, "").await.contains("1 submission compared"));
}

#[tokio::test]
async fn a_search_whose_process_is_stopped_waits_again_at_once() {
    let app = TestApp::started().await;
    hand_in(&app, ADA, PROGRAM).await;
    let lecturer = app.signed_in(LECTURER).await;
    assert_eq!(ask(&lecturer).await, 303);
    let (say, stop) = tokio::sync::watch::channel(true);
    job::run(app.desk(), stop).await;
    assert!(list(&lecturer, "").await.contains("waits for its turn"), "nothing is begun");
    drop(say);
    let now = Clock.now();
    let first = copies::claim(&app.db, now, now + 60_000).await.unwrap().unwrap();
    assert_eq!(copies::release(&app.db, &first).await.unwrap(), Held::Yes);
    assert_eq!(copies::release(&app.db, &first).await.unwrap(), Held::Lost);
    assert!(job::step(&app.desk()).await.unwrap());
    assert!(list(&lecturer, "").await.contains("1 submission compared"));
}

#[tokio::test]
async fn what_is_lost_or_cannot_be_read_is_counted_and_the_rest_compared() {
    let app = TestApp::started().await;
    hand_in(&app, ADA, PROGRAM).await;
    hand_in(&app, EMMY, &format!("# other\n{}", "(".repeat(300_000))).await;
    let lecturer = app.signed_in(LECTURER).await;
    search(&app, &lecturer).await;
    let page = list(&lecturer, "").await;
    assert!(page.contains("Of 1 not everything could be compared"), "{page}");
    let missing = lecturer.get(&format!("/class/{SEMESTER}/copies?project=8")).await;
    assert_eq!(missing.status(), 404);
    let odd = lecturer.submit(&format!("/class/{SEMESTER}/copies"), &[("project", "none")]).await;
    assert_eq!(odd.status(), 400);
}
