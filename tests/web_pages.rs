//! Handing in, and what the pages of students and staff say.

use serde_json::Value;

use crate::app::{ADA, EMMY, LECTURER, OFFICE, SEMESTER, TestApp, location, solution};

#[tokio::test]
async fn a_student_hands_in_and_sees_the_submission_wait() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let response = ada.upload("solution.py", solution()).await;
    assert_eq!(response.status(), 303);
    let page = ada.page(&location(&response)).await;
    assert!(page.contains("yours is next"), "{page}");
    assert!(page.contains("data-live=\"/submissions/"));
    let overview = ada.page(&format!("/semesters/{SEMESTER}")).await;
    assert!(overview.contains("being graded"));
    assert!(overview.contains("Passed 0 of 7: five more needed, seven still open."));
}

#[tokio::test]
async fn another_students_submission_is_not_found() {
    let app = TestApp::started().await;
    let place = location(&app.signed_in(ADA).await.upload("solution.py", solution()).await);
    let emmy = app.signed_in(EMMY).await;
    for path in [place.clone(), format!("{place}/archive"), format!("{place}/live")] {
        assert_eq!(emmy.get(&path).await.status(), 404, "{path}");
    }
    let token = app.token(EMMY).await;
    let api = reqwest::Client::new().get(app.url(&format!("/api/v1{place}"))).bearer_auth(token);
    assert_eq!(api.send().await.unwrap().status(), 404);
    assert_eq!(app.signed_in(LECTURER).await.get(&place).await.status(), 200);
}

#[tokio::test]
async fn a_refused_archive_names_the_entry_and_nothing_is_kept() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "solution.py", "/etc/passwd").unwrap();
    let response = ada.upload("submission.tar", tar.into_inner().unwrap()).await;
    assert_eq!(response.status(), 422);
    assert!(response.text().await.unwrap().contains("solution.py"));
    let page = ada.page(&format!("/semesters/{SEMESTER}/projects/backprop")).await;
    assert!(page.contains("None so far."));
}

#[tokio::test]
async fn an_archive_over_the_limit_is_refused_before_it_is_read() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let response = ada
        .client
        .post(app.url(&format!("/semesters/{SEMESTER}/projects/backprop/submissions")))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "multipart/form-data; boundary=x")
        .header("content-length", (64_u64 << 20).to_string())
        .body(reqwest::Body::wrap_stream(futures_util::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >()))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn the_daily_limit_and_the_windows_hold() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    for _ in 0..3 {
        assert_eq!(ada.upload("solution.py", solution()).await.status(), 303);
    }
    let fourth = ada.upload("solution.py", solution()).await;
    assert_eq!(fourth.status(), 409);
    assert!(fourth.text().await.unwrap().contains("3 times today"));
}

#[tokio::test]
async fn the_hand_out_is_shown_without_its_html() {
    let app = TestApp::started().await;
    let page =
        app.signed_in(ADA).await.page(&format!("/semesters/{SEMESTER}/projects/backprop")).await;
    assert!(page.contains("id=\"grads\"") && !page.contains("alert(1)</script>"), "{page}");
}

#[tokio::test]
async fn an_archive_comes_back_as_it_was_sent() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let place = location(&ada.upload("solution.py", solution()).await);
    let archive = ada.get(&format!("{place}/archive")).await;
    assert!(archive.headers()["content-disposition"].to_str().unwrap().contains("attachment"));
    assert_eq!(archive.bytes().await.unwrap(), solution());
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(solution().len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "solution.py", solution().as_slice()).unwrap();
    let place = location(&ada.upload("Lösung.tar", tar.into_inner().unwrap()).await);
    let archive = ada.get(&format!("{place}/archive")).await;
    let named = archive.headers()["content-disposition"].to_str().unwrap();
    assert!(named.contains("filename*=UTF-8''L%C3%B6sung.tar"), "{named}");
}

#[tokio::test]
async fn an_override_needs_a_reason_changes_the_result_and_can_be_taken_back() {
    let app = TestApp::started().await;
    let lecturer = app.signed_in(LECTURER).await;
    let student = format!("/class/{SEMESTER}/students/{}", app.person(ADA).await);
    let decide = format!("{student}/overrides");
    let without = lecturer
        .submit(&decide, &[("project", "1"), ("decision", "passed"), ("reason", " ")])
        .await;
    assert_eq!(without.status(), 422);
    let fields =
        [("project", "1"), ("decision", "passed"), ("reason", "Shown in the <b>exercise</b>")];
    assert_eq!(lecturer.submit(&decide, &fields).await.status(), 303);
    let page = lecturer.page(&student).await;
    assert!(
        page.contains("Passed 1, 4 more needed") && page.contains("&lt;b&gt;exercise"),
        "{page}"
    );
    let (_, rest) = page.split_once("action=\"/overrides/").unwrap();
    let take_back = format!("/overrides/{}", rest.split('"').next().unwrap());
    assert_eq!(lecturer.submit(&take_back, &[]).await.status(), 303);
    assert!(lecturer.page(&student).await.contains("Passed 0, 5 more needed"));
    assert_eq!(app.signed_in(ADA).await.submit(&decide, &fields).await.status(), 403);
}

#[tokio::test]
async fn a_roster_is_looked_at_before_it_changes_anything() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let preview = async |csv: &str| {
        let part = reqwest::multipart::Part::bytes(csv.as_bytes().to_vec()).file_name("roster.csv");
        let form = reqwest::multipart::Form::new()
            .text("form_token", office.form_token().await)
            .part("file", part);
        let path = app.url(&format!("/admin/semesters/{SEMESTER}/roster/preview"));
        let request =
            office.client.post(path).header("sec-fetch-site", "same-origin").multipart(form);
        request.send().await.unwrap().text().await.unwrap()
    };
    let header = "family name,first name,Legi number,e-mail,department,level,role\n";
    let bad =
        preview(&format!("{header}Hopper,Grace,12-345,grace@example.org,D-INFK,MSc,student\n"))
            .await;
    assert!(bad.contains("line 2, Legi number"), "{bad}");
    let good_csv =
        format!("{header}Hopper,Grace,12-345-690,grace@example.org,D-INFK,MSc,student\n");
    let good = preview(&good_csv).await;
    assert!(good.contains("grace@example.org") && good.contains("3 people"), "{good}");
    let import = format!("/admin/semesters/{SEMESTER}/roster/import");
    let done = office.submit(&import, &[("csv", &good_csv)]).await;
    assert_eq!(done.status(), 200);
    assert!(done.text().await.unwrap().contains("4 people"));
}

#[tokio::test]
async fn the_admissions_page_shows_what_the_exports_hold() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    let page = format!("/admin/semesters/{SEMESTER}/admissions");
    let html = office.page(&page).await;
    let csv = office.page(&format!("{page}?format=csv")).await;
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert!(html.contains(&row[0]) && html.contains(&row[1]), "{row:?}");
    }
    let json: Value =
        serde_json::from_str(&office.page(&format!("{page}?format=json")).await).unwrap();
    let token = app.token(LECTURER).await;
    let path = app.url(&format!("/api/v1/semesters/{SEMESTER}/admissions"));
    let api: Value = reqwest::Client::new()
        .get(path)
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(api["students"], json["students"]);
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let page = ada.submit("/profile/tokens", &[("name", "laptop")]).await.text().await.unwrap();
    let (_, rest) = page.split_once("<pre tabindex=\"0\">").unwrap();
    let token = rest.split('<').next().unwrap().to_owned();
    assert!(!ada.page("/profile").await.contains(&token));
    let me = async || {
        let request = reqwest::Client::new().get(app.url("/api/v1/me")).bearer_auth(&token);
        request.send().await.unwrap().status()
    };
    assert_eq!(me().await, 200);
    let page = ada.page("/profile").await;
    let (_, rest) = page.split_once("action=\"/profile/tokens/").unwrap();
    let revoke = format!("/profile/tokens/{}", rest.split('"').next().unwrap());
    assert_eq!(ada.submit(&revoke, &[]).await.status(), 303);
    assert_eq!(me().await, 401);
}

#[tokio::test]
async fn live_progress_is_a_stream_of_events() {
    use futures_util::StreamExt;
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let place = location(&ada.upload("solution.py", solution()).await);
    let response = ada.get(&format!("{place}/live")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let first = response.bytes_stream().next().await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&first).into_owned();
    assert!(
        text.starts_with("event: progress\ndata: ") && text.contains("yours is next"),
        "{text}"
    );
}
