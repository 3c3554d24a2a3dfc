//! Signing in, and what keeps others out.

use crate::app::{ADA, LECTURER, PASSWORD, SEMESTER, TestApp, location};

#[tokio::test]
async fn without_a_session_every_page_leads_to_the_sign_in() {
    let app = TestApp::started().await;
    let browser = app.browser();
    for path in ["/", "/semesters/HS2026", "/class/HS2026", "/admin", "/admin/audit", "/profile"] {
        let response = browser.get(path).await;
        assert_eq!(response.status(), 303, "{path}");
        assert!(location(&response).starts_with("/sign-in?next="), "{path}");
    }
}

#[tokio::test]
async fn unknown_address_and_wrong_password_get_the_same_answer() {
    let app = TestApp::started().await;
    let browser = app.browser();
    let wrong = browser.sign_in(ADA, "not the password").await;
    let unknown = browser.sign_in("nobody@example.org", "not the password").await;
    assert_eq!(
        (wrong.status(), unknown.status()),
        (401.try_into().unwrap(), 401.try_into().unwrap())
    );
    let wrong = wrong.text().await.unwrap().replace(ADA, "");
    let unknown = unknown.text().await.unwrap().replace("nobody@example.org", "");
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn an_account_is_slowed_after_five_failures_known_or_not() {
    let app = TestApp::started().await;
    for email in [ADA, "nobody@example.org"] {
        let browser = app.browser();
        for _ in 0..5 {
            assert_eq!(browser.sign_in(email, "not the password").await.status(), 401);
        }
        let slowed = browser.sign_in(email, PASSWORD).await;
        assert_eq!(slowed.status(), 429, "{email}");
        assert!(slowed.headers().contains_key("retry-after"));
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_server_alone_and_only_its_hash_is_stored() {
    let app = TestApp::started().await;
    let response = app.browser().sign_in(ADA, PASSWORD).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert_eq!(secret.len(), 64);
    let ada = app.person(ADA).await;
    assert_eq!(testat::store::sessions::of_person(&app.db, &ada).await.unwrap().len(), 1);
    let stored = testat::course::SecretHash::of(secret);
    let lifetime = testat::store::sessions::Lifetime { idle: 1 << 40, absolute: 1 << 40 };
    let now = testat::clock::Clock.now();
    let found = testat::store::sessions::find(&app.db, &stored, lifetime, now).await.unwrap();
    assert_eq!(found.unwrap().person, ada);
}

#[tokio::test]
async fn a_request_from_another_site_changes_nothing() {
    let app = TestApp::started().await;
    let browser = app.signed_in(ADA).await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")] {
        let request =
            browser.client.post(app.url("/profile/sign-out-everywhere")).header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    let silent = browser.client.post(app.url("/profile/sign-out-everywhere")).send().await.unwrap();
    assert_eq!(silent.status(), 403, "a request that says nothing of its origin");
    let forged = browser.post("/profile/sign-out-everywhere", &[("form_token", "guessed")]).await;
    assert_eq!(forged.status(), 400, "the form's token is another");
    assert_eq!(browser.get("/profile").await.status(), 200, "still signed in");
}

#[tokio::test]
async fn signing_out_everywhere_ends_other_browsers_too() {
    let app = TestApp::started().await;
    let (one, other) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    assert_eq!(one.submit("/profile/sign-out-everywhere", &[]).await.status(), 303);
    assert_eq!(other.get("/profile").await.status(), 303);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_all_sessions() {
    let app = TestApp::started().await;
    let browser = app.signed_in(ADA).await;
    let change = |old: &'static str| {
        [("old", old), ("password", "tulip verve octagon"), ("again", "tulip verve octagon")]
    };
    assert_eq!(browser.submit("/profile/password", &change("wrong")).await.status(), 422);
    assert_eq!(browser.submit("/profile/password", &change(PASSWORD)).await.status(), 303);
    assert_eq!(browser.get("/profile").await.status(), 303, "signed out");
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 401);
    assert_eq!(app.browser().sign_in(ADA, "tulip verve octagon").await.status(), 303);
}

#[tokio::test]
async fn a_link_sets_a_password_once() {
    let app = TestApp::started().await;
    let secret = testat::secret::fresh();
    let now = testat::clock::Clock.now();
    let ada = app.person(ADA).await;
    testat::store::invitations::create(&app.db, &ada, &secret.hash, now + 60_000, None, now)
        .await
        .unwrap();
    let path = format!("/welcome/{}", secret.text);
    let browser = app.browser();
    assert!(browser.page(&path).await.contains("Welcome, Ada"));
    let short = browser.post(&path, &[("password", "short"), ("again", "short")]).await;
    assert_eq!(short.status(), 422);
    let fields = [("password", "tulip verve octagon"), ("again", "tulip verve octagon")];
    assert_eq!(browser.post(&path, &fields).await.status(), 303);
    assert_eq!(browser.get("/profile").await.status(), 200, "signed in at once");
    assert_eq!(app.browser().post(&path, &fields).await.status(), 404, "used up");
}

#[tokio::test]
async fn a_sign_in_leads_to_pages_of_this_server_alone() {
    let app = TestApp::started().await;
    for (next, to) in [
        ("/profile", "/profile"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
    ] {
        let fields = [("email", ADA), ("password", PASSWORD), ("next", next)];
        let response = app.browser().post("/sign-in", &fields).await;
        assert_eq!(location(&response), to);
    }
}

#[tokio::test]
async fn a_student_finds_nothing_of_the_staffs() {
    let app = TestApp::started().await;
    let browser = app.signed_in(ADA).await;
    let emmy = app.person(crate::app::EMMY).await;
    for path in [
        "/admin".to_owned(),
        "/admin/audit".to_owned(),
        format!("/admin/semesters/{SEMESTER}"),
        format!("/admin/semesters/{SEMESTER}/roster"),
        format!("/admin/semesters/{SEMESTER}/admissions"),
        format!("/class/{SEMESTER}"),
        format!("/class/{SEMESTER}/attention"),
        format!("/class/{SEMESTER}/questions"),
        format!("/class/{SEMESTER}/students/{emmy}"),
    ] {
        assert_eq!(browser.get(&path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn an_instructor_sees_the_class_and_not_the_administration() {
    let app = TestApp::started().await;
    let browser = app.signed_in(LECTURER).await;
    assert!(browser.page(&format!("/class/{SEMESTER}")).await.contains("Lovelace"));
    assert_eq!(browser.get("/admin").await.status(), 404);
    let export = browser.get(&format!("/admin/semesters/{SEMESTER}/admissions?format=csv")).await;
    assert_eq!(export.status(), 403);
}

#[tokio::test]
async fn many_guesses_at_once_are_slowed_like_one_after_another() {
    let app = TestApp::started().await;
    let browser = app.browser();
    let guesses = (0..40).map(|_| browser.sign_in(ADA, "not the password"));
    let answers = futures_util::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status() == 401).count();
    assert!(tried <= 6, "{tried} of 40 guesses were tried");
    assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status().as_u16())));
}

#[tokio::test]
async fn a_refused_request_is_a_page_with_all_that_forbids_the_browser() {
    let app = TestApp::started().await;
    let response = app
        .browser()
        .client
        .post(app.url("/sign-in"))
        .header("origin", "http://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    assert!(response.headers().contains_key("content-security-policy"));
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(response.text().await.unwrap().contains("Not allowed"));
}

#[tokio::test]
async fn a_failed_sign_in_says_so_beside_the_form() {
    let app = TestApp::started().await;
    let page = app.browser().sign_in(ADA, "not the password").await.text().await.unwrap();
    assert!(
        page.contains("do not belong together") && page.contains("action=\"/sign-in\""),
        "{page}"
    );
}

#[tokio::test]
async fn after_the_session_has_ended_a_form_leads_back_to_a_page_that_can_be_shown() {
    let app = TestApp::started().await;
    let response = app.browser().post("/profile/tokens", &[("name", "x")]).await;
    assert_eq!((response.status().as_u16(), location(&response).as_str()), (303, "/sign-in"));
}

#[tokio::test]
async fn a_session_from_before_the_sign_in_is_never_used_after_it() {
    let app = TestApp::started().await;
    let cookie_of = |response: &reqwest::Response| {
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        cookie.split(['=', ';']).nth(1).unwrap().to_owned()
    };
    let as_session = async |secret: &str| {
        let request = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
            .get(app.url("/profile"))
            .header("cookie", format!("testat={secret}"));
        request.send().await.unwrap().status().as_u16()
    };
    let sign_in_with = async |secret: &str| {
        let request = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
            .post(app.url("/sign-in"))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", format!("testat={secret}"));
        let body = format!("email={ADA}&password={}", PASSWORD.replace(' ', "+"));
        request.body(body).send().await.unwrap()
    };
    // One that an attacker made up, then one that the attacker really has: their own.
    let made_up = "f1".repeat(32);
    let after = cookie_of(&sign_in_with(&made_up).await);
    assert_ne!(after, made_up);
    assert_eq!((as_session(&made_up).await, as_session(&after).await), (303, 200));
    let planted = cookie_of(&app.browser().sign_in(crate::app::EMMY, PASSWORD).await);
    assert_eq!(as_session(&planted).await, 200);
    let after = cookie_of(&sign_in_with(&planted).await);
    assert_ne!(after, planted);
    assert_eq!((as_session(&planted).await, as_session(&after).await), (303, 200));
}

#[tokio::test]
async fn guessing_the_present_password_of_a_browser_left_open_is_slow() {
    let app = TestApp::started().await;
    let browser = app.signed_in(ADA).await;
    let change =
        |old| [("old", old), ("password", "tulip verve octagon"), ("again", "tulip verve octagon")];
    for _ in 0..5 {
        assert_eq!(browser.submit("/profile/password", &change("a guess")).await.status(), 422);
    }
    let slowed = browser.submit("/profile/password", &change(PASSWORD)).await;
    assert_eq!(slowed.status(), 429);
    assert!(slowed.headers().contains_key("retry-after"));
    assert_eq!(browser.get("/profile").await.status(), 200, "unchanged");
}

#[tokio::test]
async fn a_password_that_is_soon_guessed_is_refused_with_a_hint() {
    let app = TestApp::started().await;
    let browser = app.signed_in(ADA).await;
    for (password, said) in [
        ("short words", "at least 12 characters"),
        ("password1234", "soon be guessed"),
        ("qwertyuiop123", "soon be guessed"),
        ("aaaaaaaaaaaaaaaa", "soon be guessed"),
        ("abcdefghijklmnop", "soon be guessed"),
        ("iloveyou2026", "soon be guessed"),
        ("Lovelace octagon tulip", "your name or e-mail"),
        ("tulip LOVELACE verve", "your name or e-mail"),
    ] {
        let fields = [("old", PASSWORD), ("password", password), ("again", password)];
        let response = browser.submit("/profile/password", &fields).await;
        assert_eq!(response.status(), 422, "{password}");
        let page = response.text().await.unwrap();
        assert!(page.contains(said), "{password}: {page}");
    }
    let demo = testat::commands::demo::PASSWORD;
    let ada = testat::store::people::by_id(&app.db, &app.person(ADA).await).await.unwrap().unwrap();
    testat::web::strength::acceptable(demo, &ada).unwrap();
}
