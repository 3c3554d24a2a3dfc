//! What an admin sets up in the browser: semesters, people, links, windows; and the audit log narrowed.

use testat::clock::Clock;
use testat::course::calendar::{DUE_AT, form_moment, parse_moment};
use testat::intake::workbook;
use testat::store::{people, semesters};

use crate::app::{ADA, Browser, LECTURER, OFFICE, SEMESTER, TestApp};
use crate::web_staff::HEADER;

const YEAR_ON: &[(&str, &str)] = &[
    ("name", "HS2031"),
    ("first_lecture", "2031-09-17"),
    ("needed", "1"),
    ("daily_limit", "7"),
    ("like", ""),
];

#[tokio::test]
async fn a_semester_is_looked_at_before_it_is_made() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let empty = office.page("/admin/new-semester").await;
    assert!(empty.contains("Look at its calendar") && !empty.contains("Make "));
    let look =
        "/admin/new-semester?name=HS2031&first_lecture=2031-09-17&needed=1&daily_limit=7&like=";
    let page = office.page(look).await;
    for part in
        ["What HS2031 would be", "1 of 2 projects", "Wed 17 Sep 2031, 00:00 CEST", "Make HS2031"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(semesters::all(&app.db).await.unwrap().len(), 1, "a look makes nothing");
    let made = office.submit("/admin/new-semester", YEAR_ON).await;
    assert_eq!(made.status(), 303);
    let made = semesters::get(&app.db, &"HS2031".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((made.needed, made.total, made.daily_limit), (1, 2, 7));
    let twice = office.submit("/admin/new-semester", YEAR_ON).await;
    assert_eq!(twice.status(), 422);
    assert!(twice.text().await.unwrap().contains("There is a semester HS2031 already."));
}

#[tokio::test]
async fn what_makes_no_semester_is_said_on_its_page() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    for (query, words) in [
        ("name=Autumn&first_lecture=2031-09-17", "`Autumn` is no semester"),
        ("name=HS2031&first_lecture=soon", "soon"),
        ("name=HS2031&first_lecture=2031-09-17&needed=3", "3 of 2 is no rule"),
        ("name=HS2031&first_lecture=2031-09-17&needed=1&daily_limit=0", "At least one submission"),
        ("name=HS2031&first_lecture=2031-09-17&needed=many", "`many` is no number"),
    ] {
        let page = office.page(&format!("/admin/new-semester?{query}")).await;
        assert!(page.contains(words) && page.contains("Nothing was made."), "{query}: {page}");
    }
    let unknown =
        office.get("/admin/new-semester?name=HS2031&first_lecture=2031-09-17&like=FS1999").await;
    assert_eq!(unknown.status(), 400);
}

#[tokio::test]
async fn a_semester_like_an_earlier_one_has_its_windows_moved_and_its_instructors() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    assert_eq!(office.submit("/admin/new-semester", YEAR_ON).await.status(), 303);
    let window = [("project", "2"), ("opens", "2031-10-03T08:15"), ("due", "2031-10-31T17:00:30")];
    let moved = office.submit("/admin/semesters/HS2031/windows", &window).await;
    assert_eq!(moved.status(), 303);
    import(&office, "HS2031", "Grewe,Benjamin,,lecturer@example.org,D-ITET,,instructor\n").await;
    let next = [
        ("name", "HS2032"),
        ("first_lecture", "2032-09-22"),
        ("needed", "2"),
        ("daily_limit", "7"),
        ("like", "HS2031"),
    ];
    let page = office
        .page("/admin/new-semester?name=HS2032&first_lecture=2032-09-22&needed=2&like=HS2031")
        .await;
    assert!(page.contains("Instructors: Benjamin Grewe."), "{page}");
    assert_eq!(office.submit("/admin/new-semester", &next).await.status(), 303);
    let name = "HS2032".parse().unwrap();
    let second = semesters::projects(&app.db, &name).await.unwrap().remove(1);
    // 371 days later, at the same times of the day, whichever side of the clock's change.
    assert_eq!(form_moment(second.opens), "2032-10-08T08:15:00");
    assert_eq!(form_moment(second.due), "2032-11-05T17:00:30");
    let everyone = testat::store::roster::everyone(&app.db, &name).await.unwrap();
    let emails: Vec<&str> = everyone.iter().map(|one| one.email.as_str()).collect();
    assert_eq!(emails, [LECTURER]);
}

async fn import(office: &Browser, semester: &str, rows: &str) {
    let csv = format!("{HEADER}{rows}");
    let path = format!("/admin/semesters/{semester}/roster/import");
    assert_eq!(office.submit(&path, &[("csv", &csv)]).await.status(), 200);
}

#[test]
fn a_moment_of_a_form_comes_back_as_it_was() {
    for text in ["2026-09-29T00:00:00", "2026-10-13T23:59:59", "2027-03-28T03:30:00"] {
        assert_eq!(form_moment(parse_moment(text, DUE_AT).unwrap()), text);
    }
    assert_eq!(form_moment(parse_moment("2026-10-13", DUE_AT).unwrap()), "2026-10-13T23:59:59");
    assert_eq!(
        form_moment(parse_moment("2026-10-13T08:15", DUE_AT).unwrap()),
        "2026-10-13T08:15:00"
    );
    for text in ["", "soon", "2026-10-13T", "2026-13-13T08:15", "2026-10-13T25:00"] {
        assert!(parse_moment(text, DUE_AT).is_err(), "{text}");
    }
}

/// The link that the page shows.
fn link(page: &str) -> &str {
    let (_, rest) = page.split_once("value=\"http").unwrap();
    let (link, _) = rest.split_once('"').unwrap();
    link.split_once("/welcome/").unwrap().1
}

#[tokio::test]
async fn a_person_is_added_gets_a_link_and_signs_in_with_it() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let fields = [("email", "new@example.org"), ("family_name", "Neu"), ("first_name", "Nina")];
    let page = office.submit("/admin/people", &fields).await.text().await.unwrap();
    let first = link(&page).to_owned();
    let again = office.submit("/admin/people", &fields).await;
    assert_eq!(again.status(), 422, "the address is taken");
    let person = app.person("new@example.org").await;
    let page = office.submit(&format!("/admin/people/{person}/link"), &[]).await;
    let page = page.text().await.unwrap();
    let second = link(&page).to_owned();
    let shown = office.page("/admin/people?q=neu").await;
    assert!(!shown.contains(&second), "a link is shown once");
    let password = [("password", "tulip verve octagon"), ("again", "tulip verve octagon")];
    let stale = app.browser().post(&format!("/welcome/{first}"), &password).await;
    assert_eq!(stale.status(), 404, "the earlier link has ended");
    let set = app.browser().post(&format!("/welcome/{second}"), &password).await;
    assert_eq!(set.status(), 303);
    let browser = app.browser();
    assert_eq!(browser.sign_in("new@example.org", "tulip verve octagon").await.status(), 303);
}

#[tokio::test]
async fn an_admin_is_made_and_unmade_by_another_but_never_by_themselves() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let [lecturer, own] = [app.person(LECTURER).await, app.person(OFFICE).await];
    let is_admin = async |id| people::by_id(&app.db, id).await.unwrap().unwrap().admin;
    for (admin, expected) in [("yes", true), ("no", false)] {
        let path = format!("/admin/people/{lecturer}/admin");
        assert_eq!(office.submit(&path, &[("admin", admin)]).await.status(), 303);
        assert_eq!(is_admin(&lecturer).await, expected);
    }
    let refused = office.submit(&format!("/admin/people/{own}/admin"), &[("admin", "no")]).await;
    assert_eq!(refused.status(), 422);
    assert!(is_admin(&own).await, "someone is left");
}

#[tokio::test]
async fn links_for_those_without_a_password_come_as_a_file() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    import(&office, SEMESTER, "=Cmd,Marie,12-345-690,marie@example.org,D-PHYS,MSc,student\n").await;
    let path = format!("/admin/semesters/{SEMESTER}/roster/links");
    let file = office.submit(&path, &[]).await;
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"links-HS2026.csv\"");
    assert_eq!(file.headers()["cache-control"], "no-store");
    let text = file.text().await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "only who has none: {text}");
    assert!(lines[1].starts_with("'=Cmd,Marie,marie@example.org,http"), "{text}");
    let secret = lines[1].rsplit_once("/welcome/").unwrap().1;
    let password = [("password", "tulip verve octagon"), ("again", "tulip verve octagon")];
    assert_eq!(app.browser().post(&format!("/welcome/{secret}"), &password).await.status(), 303);
}

fn workbook_of(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, row) in rows.iter().enumerate() {
        for (column, text) in row.iter().enumerate() {
            sheet.write(u32::try_from(at).unwrap(), u16::try_from(column).unwrap(), *text).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_reads_as_its_rows_do_in_csv() {
    let head =
        ["family name", "first name", "Legi number", "e-mail", "department", "level", "role"];
    let row = ["D'Arc, Jeanne", "Zoë", "12-345-690", "zoe@example.org", "D-MATH", "MSc", "student"];
    let book = workbook_of(&[&head, &row]);
    assert!(workbook::is_workbook(&book));
    let csv = workbook::to_csv(&book).unwrap();
    let rows = testat::intake::roster::read(&csv).unwrap();
    assert_eq!((rows.len(), rows[0].family_name.as_str(), rows[0].line), (1, "D'Arc, Jeanne", 2));
    for damaged in [&book[..book.len() / 2], b"PK\x03\x04 and nothing more".as_slice()] {
        assert!(workbook::to_csv(damaged).is_err());
    }
}

#[test]
fn a_workbook_that_unpacks_without_end_is_refused() {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("xl/worksheets/sheet1.xml", zip::write::SimpleFileOptions::default()).unwrap();
    for _ in 0..40 {
        zip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(workbook::to_csv(&bomb), Err(workbook::NotAWorkbook::TooLarge)));
}

#[tokio::test]
async fn the_audit_log_is_narrowed_by_what_who_about_and_when() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let lines = async |query: &str| {
        let page = office.page(&format!("/admin/audit?{query}")).await;
        page.matches("<td class=\"number\">").count()
    };
    let all = lines("").await;
    assert_eq!(lines("action=semester.create").await, 1);
    assert_eq!(lines("action=&by=&about=&from=&to=").await, all, "a form sends its empty fields");
    assert!((1..all).contains(&lines(&format!("by={OFFICE}")).await), "what the office did");
    assert_eq!(lines(&format!("by={ADA}")).await, 0, "she did nothing yet");
    assert!((1..all).contains(&lines("about=HS20").await));
    assert_eq!(lines("from=2999-01-01").await, 0);
    assert_eq!(lines("to=2999-01-01").await, lines("to=2999-01-01&from=2000-01-01").await);
    for (query, words) in [
        ("by=nobody@example.org", "Nobody has the e-mail address"),
        ("from=soon", "soon"),
        ("before=first", "`first` is no line"),
    ] {
        let response = office.get(&format!("/admin/audit?{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        assert!(response.text().await.unwrap().contains(words), "{query}");
    }
    let nothing = office.page("/admin/audit?about=nothing-of-this-name").await;
    assert!(nothing.contains("No line fits."));
}

#[tokio::test]
async fn the_overview_tells_of_the_disk_and_of_backups() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let page = office.page("/admin").await;
    assert!(page.contains("GiB free") && page.contains(">never</span>"), "{page}");
    let entry = testat::store::audit::Entry {
        at: Clock.now(),
        actor: None,
        action: "server.backup",
        subject: "folder".to_owned(),
        details: serde_json::json!({}),
    };
    testat::store::audit::note(&app.db, entry).await.unwrap();
    assert!(!office.page("/admin").await.contains(">never</span>"));
}
