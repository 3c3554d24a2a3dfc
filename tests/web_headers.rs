//! What every kind of response forbids the browser, and that no page of ours needs more.

use reqwest::Response;
use testat::web::{Cookies, Patience};

use crate::app::{ADA, LECTURER, OFFICE, PASSWORD, SEMESTER, TestApp, location, solution};

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// What each response has, whatever it is.
fn on_all(response: &Response, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(header(response, name), value, "{what}: {name}");
    }
    assert!(header(response, "permissions-policy").contains("camera=()"), "{what}");
    let policy = header(response, "content-security-policy");
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{what}: {part} in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    let is_page = header(response, "content-type").starts_with("text/html");
    assert_eq!(policy.contains("sandbox"), !is_page, "{what}: {policy}");
}

#[tokio::test]
async fn every_kind_of_response_says_what_the_browser_must_not_do() {
    let app = TestApp::started().await;
    let (ada, office) = (app.signed_in(ADA).await, app.signed_in(OFFICE).await);
    let submission = location(&ada.upload("solution.py", solution()).await);
    let kit = format!("/semesters/{SEMESTER}/projects/backprop/starter/python");
    let list = format!("/admin/semesters/{SEMESTER}/admissions");
    for (browser, path, status) in [
        (&ada, "/profile".to_owned(), 200),
        (&ada, "/".to_owned(), 303),
        (&ada, "/nowhere".to_owned(), 404),
        (&ada, "/admin".to_owned(), 404),
        (&ada, "/sign-out".to_owned(), 405),
        (&ada, "/static/testat.js".to_owned(), 200),
        (&ada, "/static/testat.svg".to_owned(), 200),
        (&ada, "/static/nothing.js".to_owned(), 404),
        (&ada, submission.clone(), 200),
        (&ada, format!("{submission}/archive"), 200),
        (&ada, format!("{submission}/live"), 200),
        (&ada, kit, 200),
        (&ada, "/healthz".to_owned(), 200),
        (&ada, "/metrics".to_owned(), 200),
        (&ada, "/api/openapi.json".to_owned(), 200),
        (&ada, "/api/v1/me".to_owned(), 401),
        (&office, format!("{list}?format=csv"), 200),
        (&office, format!("{list}?format=xlsx"), 200),
        (&office, format!("{list}?format=json"), 200),
        (&office, format!("{list}?format=exe"), 400),
    ] {
        let response = browser.get(&path).await;
        assert_eq!(response.status(), status, "{path}");
        on_all(&response, &path);
        assert_eq!(header(&response, "strict-transport-security"), "", "{path}: no TLS here");
        let kept = header(&response, "cache-control");
        assert!(path.starts_with("/static") || kept.contains("no-"), "{path}: {kept}");
    }
    let forged = ada.client.post(app.url("/profile/tokens")).send().await.unwrap();
    assert_eq!(forged.status(), 403);
    on_all(&forged, "a forged request");
    let refused = ada.submit("/profile/tokens", &[("name", "")]).await;
    assert_eq!(refused.status(), 422);
    on_all(&refused, "a refused form");
}

#[tokio::test]
async fn over_tls_the_browser_is_told_to_stay_there() {
    let app = TestApp::patient(None, Patience::default(), Cookies::Secure).await;
    for path in ["/sign-in", "/static/testat.css", "/nowhere", "/api/v1/me"] {
        let response = app.browser().get(path).await;
        assert_eq!(header(&response, "strict-transport-security"), "max-age=31536000", "{path}");
    }
    let cookie = app.browser().sign_in(ADA, PASSWORD).await;
    let cookie = header(&cookie, "set-cookie");
    assert!(cookie.starts_with("__Host-testat=") && cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn what_students_send_is_saved_and_never_shown() {
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let mut tar = tar::Builder::new(Vec::new());
    let mut entry = tar::Header::new_gnu();
    entry.set_size(solution().len() as u64);
    entry.set_mode(0o644);
    tar.append_data(&mut entry, "solution.py", solution().as_slice()).unwrap();
    let name = "<img src=x onerror=alert(1)>.html;x=.tar";
    let submission = location(&ada.upload(name, tar.into_inner().unwrap()).await);
    let token = app.token(ADA).await;
    let id = submission.rsplit_once('/').unwrap().1;
    let by_program = reqwest::Client::new()
        .get(app.url(&format!("/api/v1/submissions/{id}/archive")))
        .bearer_auth(token);
    for response in
        [ada.get(&format!("{submission}/archive")).await, by_program.send().await.unwrap()]
    {
        assert_eq!(header(&response, "content-type"), "application/octet-stream");
        assert!(header(&response, "content-disposition").starts_with("attachment; filename"));
        assert!(header(&response, "content-security-policy").contains("sandbox"));
        on_all(&response, "an archive");
    }
    let page = ada.page(&submission).await;
    assert!(!page.contains("<img"), "the name as text");
}

/// Tags, attributes and addresses that a strict policy forbids.
fn inline_of(page: &str) -> Vec<String> {
    // What stands between quotes is no attribute.
    let names = |tag: &str| tag.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap().to_ascii_lowercase();
        let handler = names(&tag).split_whitespace().skip(1).any(|attribute| {
            attribute.starts_with("on") && attribute.contains('=')
                || attribute.starts_with("style=")
        });
        let inline = tag == "style"
            || tag.starts_with("style ")
            || tag == "script"
            || (tag.starts_with("script ") && !tag.contains("src=\"/static/"))
            || tag.contains("javascript:")
            || tag.contains("=\"data:");
        if handler || inline {
            found.push(tag.clone());
        }
    }
    found
}

#[tokio::test]
async fn no_page_has_script_or_style_of_its_own() {
    assert_eq!(inline_of("<p style=\"x\"><a onclick=\"y\"><script>").len(), 3, "it finds them");
    let app = TestApp::started().await;
    let ada = app.signed_in(ADA).await;
    let submission = location(&ada.upload("solution.py", solution()).await);
    crate::web_routes::report_with_every_figure(&app).await;
    let text = "<img src=x onerror=alert(1)>\" onclick=\"alert(1)";
    let asked = ada.submit(&format!("{submission}/questions"), &[("text", text)]).await;
    assert_eq!(asked.status(), 303);
    let person = app.person(ADA).await;
    let staff = app.signed_in(LECTURER).await;
    let office = app.signed_in(OFFICE).await;
    for (browser, path) in [
        (&ada, "/profile".to_owned()),
        (&ada, format!("/semesters/{SEMESTER}")),
        (&ada, format!("/semesters/{SEMESTER}/projects/backprop")),
        (&ada, submission.clone()),
        (&staff, submission),
        (&staff, format!("/class/{SEMESTER}")),
        (&staff, format!("/class/{SEMESTER}/attention")),
        (&staff, format!("/class/{SEMESTER}/questions")),
        (&staff, format!("/class/{SEMESTER}/students/{person}")),
        (&office, "/admin".to_owned()),
        (&office, "/admin/audit".to_owned()),
        (&office, format!("/admin/semesters/{SEMESTER}")),
        (&office, format!("/admin/semesters/{SEMESTER}/roster")),
        (&office, format!("/admin/semesters/{SEMESTER}/admissions")),
        (&app.browser(), "/sign-in".to_owned()),
    ] {
        let page = browser.page(&path).await;
        assert_eq!(inline_of(&page), Vec::<String>::new(), "{path}");
        assert!(!path.starts_with("/submissions") || page.matches("<svg").count() >= 4, "{path}");
    }
    let missing = ada.get("/nowhere").await.text().await.unwrap();
    assert_eq!(inline_of(&missing), Vec::<String>::new());
}
