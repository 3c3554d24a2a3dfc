//! A real browser goes the whole way: sets a password, hands in, watches, reads the report.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use thirtyfour::prelude::*;

use crate::server::{PATIENCE, SEMESTER, STUDENT, Server, grader_folder, pack};

/// Debian's ChromeDriver on a port of its own.
struct Driver {
    child: Child,
    address: String,
    _profile: tempfile::TempDir,
}

impl Driver {
    async fn started() -> (Self, WebDriver) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (scripts/packages tests)");
        let profile = tempfile::tempdir().unwrap();
        let driver = Self { child, address: format!("http://127.0.0.1:{port}"), _profile: profile };
        let browser = driver.open().await;
        (driver, browser)
    }

    async fn open(&self) -> WebDriver {
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary("/usr/bin/chromium").unwrap();
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
        ] {
            wanted.add_arg(argument).unwrap();
        }
        let begun = Instant::now();
        loop {
            match WebDriver::new(&self.address, wanted.clone()).await {
                Ok(browser) => return browser,
                Err(fault) => assert!(begun.elapsed() < Duration::from_secs(60), "{fault}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn text_of(browser: &WebDriver, selector: &str) -> String {
    match browser.find(By::Css(selector)).await {
        Ok(element) => element.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    }
}

async fn until(browser: &WebDriver, selector: &str, words: &str) {
    let begun = Instant::now();
    loop {
        let text = text_of(browser, selector).await;
        if text.contains(words) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "`{selector}` says `{text}`, not `{words}`");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A student follows the link that the course office sent, and is on the overview.
async fn first_sign_in(server: &Server) -> (Driver, WebDriver) {
    let printed = server.admin(&["person", "invite", STUDENT]);
    let (_, secret) = printed.trim().rsplit_once("/welcome/").unwrap();
    let (driver, browser) = Driver::started().await;

    browser.goto(server.url(&format!("/welcome/{secret}"))).await.unwrap();
    for field in ["password", "again"] {
        browser.find(By::Id(field)).await.unwrap().send_keys("a browser's password").await.unwrap();
    }
    browser.find(By::Css("main button")).await.unwrap().click().await.unwrap();
    until(&browser, "main", "Passed 0 of 7: five more needed, seven still open.").await;
    (driver, browser)
}

#[tokio::test]
async fn a_student_goes_from_the_first_link_to_the_report() {
    let server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;

    browser.goto(server.url(&format!("/semesters/{SEMESTER}/projects/backprop"))).await.unwrap();
    let archive = server.file("submission.tar", &pack(&grader_folder().join("reference/python")));
    let input = browser.find(By::Css("input[type=file]")).await.unwrap();
    input.send_keys(archive.to_str().unwrap()).await.unwrap();
    browser.find(By::Css("form[data-upload] button")).await.unwrap().click().await.unwrap();

    // The script follows the grading and reloads by itself when it has ended.
    until(&browser, "main", "Repeat it at home").await;
    let report = text_of(&browser, "main").await;
    assert!(report.contains("testat grade backprop . --seed"), "{report}");
    assert!(browser.find_all(By::Css("svg[role=img]")).await.unwrap().len() >= 2);

    browser.goto(server.url(&format!("/semesters/{SEMESTER}"))).await.unwrap();
    until(&browser, "main", "Passed 1 of 7: four more needed, six still open.").await;
    browser.quit().await.unwrap();
}

#[tokio::test]
async fn a_refused_upload_is_explained_where_it_was_made() {
    let server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;
    browser.goto(server.url(&format!("/semesters/{SEMESTER}/projects/backprop"))).await.unwrap();
    let archive = server.file("notes.txt", b"no archive at all");
    let input = browser.find(By::Css("input[type=file]")).await.unwrap();
    input.send_keys(archive.to_str().unwrap()).await.unwrap();
    browser.find(By::Css("form[data-upload] button")).await.unwrap().click().await.unwrap();
    until(&browser, "form[data-upload] [role=alert]", "notes.txt").await;
    browser.quit().await.unwrap();
}
