//! A real browser goes the whole way: sets a password, hands in, watches, reads the report.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use thirtyfour::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{PATIENCE, SEMESTER, STUDENT, Server, grader_folder, pack};

/// Debian's ChromeDriver on a port of its own.
struct Driver {
    child: Child,
    address: String,
    _profile: tempfile::TempDir,
}

impl Driver {
    async fn started(more: &[&str]) -> (Self, WebDriver) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (scripts/packages tests)");
        let profile = tempfile::tempdir().unwrap();
        let driver = Self { child, address: format!("http://127.0.0.1:{port}"), _profile: profile };
        let browser = driver.open(more).await;
        (driver, browser)
    }

    async fn open(&self, more: &[&str]) -> WebDriver {
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
        ]
        .iter()
        .chain(more)
        {
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
    sign_in_with(server, &[]).await
}

async fn sign_in_with(server: &Server, arguments: &[&str]) -> (Driver, WebDriver) {
    let printed = server.admin(&["person", "invite", STUDENT]);
    let (_, secret) = printed.trim().rsplit_once("/welcome/").unwrap();
    let (driver, browser) = Driver::started(arguments).await;

    browser.goto(server.url(&format!("/welcome/{secret}"))).await.unwrap();
    for field in ["password", "again"] {
        browser.find(By::Id(field)).await.unwrap().send_keys("a browser's password").await.unwrap();
    }
    browser.find(By::Css("main button")).await.unwrap().click().await.unwrap();
    until(&browser, "main", "Passed 0 of 7: five more needed, seven still open.").await;
    (driver, browser)
}

/// Chooses a file on the project's page.
async fn choose(server: &Server, browser: &WebDriver, name: &str, bytes: &[u8]) {
    browser.goto(server.url(&format!("/semesters/{SEMESTER}/projects/backprop"))).await.unwrap();
    let file = server.file(name, bytes);
    let input = browser.find(By::Css("input[type=file]")).await.unwrap();
    input.send_keys(file.to_str().unwrap()).await.unwrap();
}

async fn press_hand_in(browser: &WebDriver) {
    browser.find(By::Css("form[data-upload] button")).await.unwrap().click().await.unwrap();
}

fn reference() -> Vec<u8> {
    pack(&grader_folder().join("reference/python"))
}

#[tokio::test]
async fn a_student_goes_from_the_first_link_to_the_report() {
    let server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;

    choose(&server, &browser, "submission.tar", &reference()).await;
    press_hand_in(&browser).await;
    until(&browser, "main", "Receipt").await;
    // What is set on the window is gone after any reload.
    browser.execute("window.neverReloaded = true;", vec![]).await.unwrap();

    // The script follows the grading, and shows the report when it has ended.
    until(&browser, "main", "Repeat it at home").await;
    let same = browser.execute("return window.neverReloaded === true;", vec![]).await.unwrap();
    assert_eq!(same.json(), &serde_json::json!(true), "live without a reload");
    let report = text_of(&browser, "main").await;
    assert!(report.contains("testat grade backprop . --seed"), "{report}");
    assert!(browser.find_all(By::Css("svg[role=img]")).await.unwrap().len() >= 2);

    browser.goto(server.url(&format!("/semesters/{SEMESTER}"))).await.unwrap();
    until(&browser, "main", "Passed 1 of 7: four more needed, six still open.").await;
    browser.quit().await.unwrap();
}

#[tokio::test]
async fn a_check_is_asked_about_from_where_it_failed() {
    let server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;
    let token = server.token(STUDENT);
    let place = server.submit(&token, &grader_folder().join("wrong/grads/no-mean")).await;
    server.graded(&token, &place).await;
    let page = place.replace("/api/v1", "");
    browser.goto(server.url(&page)).await.unwrap();
    browser.find(By::Css("[data-ask=grads]")).await.unwrap().click().await.unwrap();
    // The page stayed, the check is chosen, and one can write.
    assert!(browser.current_url().await.unwrap().query().is_none());
    let text = browser.active_element().await.unwrap();
    assert_eq!(text.attr("id").await.unwrap().as_deref(), Some("ask-text"));
    text.send_keys("Is it the mean?\nOr the sum?").await.unwrap();
    browser.find(By::Css("#ask button")).await.unwrap().click().await.unwrap();
    until(&browser, ".question h3", "About the check “Gradients of the loss”").await;
    until(&browser, ".question .message", "Is it the mean?\nOr the sum?").await;
    browser.quit().await.unwrap();
}

#[tokio::test]
async fn a_refused_upload_is_explained_where_it_was_made() {
    let server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;
    choose(&server, &browser, "broken.zip", b"no archive at all").await;
    press_hand_in(&browser).await;
    until(&browser, "form[data-upload] [role=alert]", "broken.zip").await;
    browser.quit().await.unwrap();
}

#[tokio::test]
async fn a_file_that_can_not_be_taken_is_refused_before_it_is_sent() {
    let server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;
    for (name, bytes, words) in [
        ("notes.txt", b"no archive at all".to_vec(), "notes.txt is none of .zip"),
        ("main.py", b"x = 1\n".to_vec(), "must be called solution.py"),
        ("empty.zip", Vec::new(), "empty.zip is empty"),
        ("data.zip", vec![0; 21 << 20], "data.zip has 21.0 MiB; at most 20.0 MiB are taken"),
    ] {
        choose(&server, &browser, name, &bytes).await;
        until(&browser, "form[data-upload] [role=alert]", words).await;
    }
    choose(&server, &browser, "submission.tar", &reference()).await;
    until(&browser, "[data-chosen]", "Chosen: submission.tar").await;
    assert_eq!(text_of(&browser, "form[data-upload] [role=alert]").await, "");
    browser.quit().await.unwrap();
}

/// A way to the server that loses answers to uploads: the server has taken them in, and the browser does
/// not learn of it. It stays where it is while the server moves.
struct Way {
    address: String,
    behind: Arc<Mutex<String>>,
    to_lose: Arc<AtomicU32>,
}

impl Way {
    /// Loses so many answers.
    async fn to(server: &Server, answers: u32) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let to_lose = Arc::new(AtomicU32::new(answers));
        let behind = Arc::new(Mutex::new(String::new()));
        let way = Self { address, behind: behind.clone(), to_lose: to_lose.clone() };
        way.leads_to(server);
        tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let to = behind.lock().unwrap().clone();
                // A server that is down refuses, and so does the way.
                if let Ok(server) = TcpStream::connect(to).await {
                    tokio::spawn(Self::relay(browser, server, to_lose.clone()));
                }
            }
        });
        way
    }

    fn leads_to(&self, server: &Server) {
        let address = server.url("");
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        address.clone_into(&mut self.behind.lock().unwrap());
    }

    async fn relay(mut browser: TcpStream, mut server: TcpStream, to_lose: Arc<AtomicU32>) {
        let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
        let mut doomed = false;
        loop {
            tokio::select! {
                read = browser.read(&mut asked) => {
                    let Ok(count @ 1..) = read else { return };
                    if asked[..count].starts_with(b"POST /semesters") {
                        let one_less = |left: u32| left.checked_sub(1);
                        doomed = to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
                    }
                    if server.write_all(&asked[..count]).await.is_err() { return }
                }
                read = server.read(&mut answered) => {
                    let Ok(count @ 1..) = read else { return };
                    if doomed || browser.write_all(&answered[..count]).await.is_err() { return }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_whose_answer_is_lost_is_sent_again_and_handed_in_once() {
    let server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;
    let way = Way::to(&server, 2).await;
    let project = format!("/semesters/{SEMESTER}/projects/backprop");
    browser.goto(format!("{}{project}", way.address)).await.unwrap();
    let archive = server.file("submission.tar", &reference());
    let input = browser.find(By::Css("input[type=file]")).await.unwrap();
    input.send_keys(archive.to_str().unwrap()).await.unwrap();
    press_hand_in(&browser).await;
    until(&browser, "main", "Receipt").await;
    assert_eq!(way.to_lose.load(Ordering::SeqCst), 0, "two answers were lost");
    browser.goto(format!("{}{project}", way.address)).await.unwrap();
    until(&browser, "main", "1 of 500 today").await;
    browser.quit().await.unwrap();
}

#[tokio::test]
async fn without_javascript_everything_works_and_the_page_follows_by_loading_itself_anew() {
    let server = Server::started(None);
    let no_script = "--blink-settings=scriptEnabled=false";
    let (_driver, browser) = sign_in_with(&server, &[no_script]).await;
    choose(&server, &browser, "submission.tar", &reference()).await;
    press_hand_in(&browser).await;
    until(&browser, "main", "Receipt").await;
    until(&browser, "main", "Repeat it at home").await;
    // The script that follows a grading adds this to the page first of all.
    let scripts = browser.find_all(By::Css("body > [aria-live]")).await.unwrap();
    assert!(scripts.is_empty(), "no script ran");
    browser.quit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_lost_its_server_says_so_and_goes_on_when_it_is_back() {
    let mut server = Server::started(None);
    let (_driver, browser) = first_sign_in(&server).await;
    let way = Way::to(&server, 0).await;
    let project = format!("{}/semesters/{SEMESTER}/projects/backprop", way.address);
    browser.goto(project).await.unwrap();
    // It is being graded for long enough to lose the server meanwhile.
    let slow = server.file("solution.py", b"import time\ntime.sleep(8)\n");
    let input = browser.find(By::Css("input[type=file]")).await.unwrap();
    input.send_keys(slow.to_str().unwrap()).await.unwrap();
    press_hand_in(&browser).await;
    until(&browser, "[data-title]", "Being graded").await;
    server.kill();
    until(&browser, "[data-lost]", "The connection is lost").await;
    server.start();
    way.leads_to(&server);
    until(&browser, "main", "Failed:").await;
    browser.quit().await.unwrap();
}
