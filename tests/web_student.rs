//! A student's pages before and while handing in, from a real server over HTTP; what a worker would do
//! is done by hand.

use std::net::TcpListener;

use reqwest::header::{COOKIE, LOCATION};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response, StatusCode};
use testat::clock::Clock;
use testat::course::{PersonId, Role, SecretHash, SemesterName, Slug, Verdict};
use testat::intake::archive::ArchiveLimits;
use testat::intake::blobs::Blobs;
use testat::store::queue::{self, Held, Lease};
use testat::store::roster::{self, RosterRow};
use testat::store::{semesters, sessions, submissions};
use testat::web::{self, CheckInfo, Cookies, ProjectInfo, Setup, State};
use testat_kit::report::{
    Audience, Axis, Check, Comparison, Figure, GraderVersion, Plot, Report, Series, Usage,
    Verdict as Said,
};

use crate::database::{Course, Engine, MINUTE, new_semester, outcome, project, student_row};

pub(crate) const SOLUTION: &[u8] = b"def forward(params, X, activation):\n    return X\n";

/// A server with a semester that began today.
pub(crate) struct Site {
    pub(crate) course: Course,
    semester: SemesterName,
    pub(crate) base: String,
    _folder: tempfile::TempDir,
}

/// Someone signed in.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    pub(crate) client: Client,
    pub(crate) cookie: String,
}

impl Site {
    pub(crate) async fn open() -> Self {
        let course = Course::begin(Engine::of_this_run()).await;
        let zone = jiff::tz::TimeZone::get("Europe/Zurich").unwrap();
        let today = jiff::Timestamp::now().to_zoned_datetime(zone).date();
        let semester: SemesterName = "HS2099".parse().unwrap();
        let new = new_semester(&semester, today);
        semesters::create(&course.db, &new, None, 4).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let blobs = folder.path().join("blobs");
        let setup = Setup {
            db: course.db.clone(),
            blobs: Blobs::open(blobs.to_str().unwrap(), &folder.path().join("incoming")).unwrap(),
            archive_limits: ArchiveLimits::default(),
            projects: vec![backprop()],
            starters: Vec::new(),
            cookies: Cookies::Loopback,
            trust_proxy: false,
            host: Vec::new(),
            grades_others: true,
            patience: web::Patience::default(),
            base_url: "http://127.0.0.1".to_owned(),
            data_dir: folder.path().to_owned(),
            self_attack: testat::commands::self_attack::nothing(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(web::run(listener, State::new(setup).unwrap()).unwrap());
        Self { course, semester, base, _folder: folder }
    }

    pub(crate) async fn student(&self, n: u64) -> PersonId {
        self.course.student_in(&self.semester, n).await
    }

    pub(crate) async fn instructor(&self) -> PersonId {
        let row = RosterRow { legi: None, role: Role::Instructor, ..student_row(90) };
        let done = roster::import(&self.course.db, &self.semester, &[row], None, 5).await.unwrap();
        done.rows[0].person.clone().unwrap()
    }

    pub(crate) async fn browser(&self, person: &PersonId) -> Browser<'_> {
        let secret = format!("session of {person}").replace(' ', "-");
        let hash = SecretHash::of(&secret);
        sessions::create(&self.course.db, &hash, person, Clock.now()).await.unwrap();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Browser { site: self, client, cookie: format!("testat={secret}") }
    }

    pub(crate) async fn claim(&self) -> Lease {
        let now = Clock.now();
        queue::claim(&self.course.db, "w", now, now + MINUTE).await.unwrap().unwrap()
    }

    pub(crate) async fn record(&self, lease: &Lease, report: &Report) {
        let verdict = match report.verdict {
            Said::Passed => Verdict::Passed,
            Said::Failed => Verdict::Failed,
        };
        let json = serde_json::to_string(report).unwrap();
        let outcome = queue::Outcome { report: json, ..outcome(verdict) };
        let held = queue::record(&self.course.db, lease, &outcome, Clock.now()).await.unwrap();
        assert_eq!(held, Held::Yes);
    }

    pub(crate) fn project(&self) -> String {
        format!("/semesters/{}/projects/backprop", self.semester)
    }
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.site.base));
        request.header(COOKIE, &self.cookie).send().await.unwrap()
    }

    pub(crate) async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    async fn upload(&self, token: Option<&str>, name: &str, bytes: &[u8]) -> Response {
        let mut form = Form::new();
        if let Some(token) = token {
            form = form.text("form_token", token.to_owned());
        }
        let form = form.part("archive", Part::bytes(bytes.to_vec()).file_name(name.to_owned()));
        let to = format!("{}{}/submissions", self.site.base, self.site.project());
        let request = self.client.post(to).header("sec-fetch-site", "same-origin");
        request.header(COOKIE, &self.cookie).multipart(form).send().await.unwrap()
    }

    async fn token(&self) -> String {
        let page = self.page(&self.site.project()).await;
        let after = page.split("name=\"form_token\" value=\"").nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    }

    /// Hands in; the address of the submission's page.
    pub(crate) async fn hand_in(&self) -> String {
        let response = self.upload(Some(&self.token().await), "solution.py", SOLUTION).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{:?}", response.text().await);
        response.headers()[LOCATION].to_str().unwrap().to_owned()
    }
}

fn backprop() -> ProjectInfo {
    let check = |id: &str, title: &str, comparison, threshold| CheckInfo {
        id: id.into(),
        title: title.into(),
        comparison,
        threshold,
        unit: "largest difference".into(),
        explanation: format!("What `{id}` returns."),
    };
    ProjectInfo {
        slug: "backprop".parse().unwrap(),
        number: project(1),
        title: "Backpropagation".into(),
        summary: "Gradients by hand.".into(),
        handout: "# Project 1: Backpropagation\n\nText.\n\n## The gradients {#grads}\n\nMore.\n"
            .into(),
        version: "1.0.0-abc".into(),
        checks: vec![
            check("forward", "Forward pass", Comparison::AtMost, 1e-4),
            check("grads", "Gradients of the loss", Comparison::AtMost, 1e-4),
        ],
        wall_s: 120,
        cpu_s: 90,
        memory_mib: 1024,
    }
}

pub(crate) fn report(passed: bool) -> Report {
    let check = |id: &str, passed: bool, value: Option<f64>| Check {
        id: id.into(),
        title: format!("Title of {id}"),
        passed,
        value,
        comparison: Comparison::AtMost,
        threshold: 1e-4,
        message: "asked for <b>2</b> rows".into(),
    };
    let figure = |id: &str, audience| Figure {
        id: id.into(),
        title: format!("Picture {id}"),
        alt: "In words.".into(),
        audience,
        reported_by_subject: false,
        plot: Plot::Lines {
            x: Axis { label: "epoch".into(), unit: String::new(), log: false },
            y: Axis { label: "loss".into(), unit: "nats".into(), log: false },
            series: vec![Series { name: "training".into(), points: vec![[1.0, 2.0], [2.0, 1.0]] }],
        },
    };
    Report {
        verdict: if passed { Said::Passed } else { Said::Failed },
        seed: "5e".repeat(32),
        grader: GraderVersion { slug: "backprop".into(), version: "1.0.0-abc".into() },
        runtime: "r1".into(),
        language: "python".into(),
        checks: vec![
            check("forward", true, Some(2.5e-7)),
            check("grads", passed, if passed { Some(1e-5) } else { Some(1.00001e-4) }),
        ],
        figures: vec![figure("curve", Audience::Everyone), figure("hidden", Audience::Instructors)],
        log: "hello \u{1b}[2J<i>you</i>".into(),
        usage: Usage { cpu_ms: 840, wall_ms: 1400, ..Usage::default() },
        weak_limits: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_overview_says_what_is_due_and_how_many_are_needed() {
    let site = Site::open().await;
    let student = site.student(1).await;
    let browser = site.browser(&student).await;
    let home = browser.get("/").await;
    let to = home.headers()[LOCATION].to_str().unwrap().to_owned();
    assert_eq!(to, format!("/semesters/{}", site.semester));
    let page = browser.page(&to).await;
    for words in [
        "Passed 0 of 7: five more needed, seven still open.",
        "Project 7",
        "not open yet",
        "in 13 days",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains(" CET") || page.contains(" CEST"), "times show their zone");

    let address = browser.hand_in().await;
    assert!(browser.page(&to).await.contains("being graded"));
    site.record(&site.claim().await, &report(true)).await;
    assert!(browser.page(&to).await.contains("Passed 1 of 7: four more needed, six still open."));
    assert!(browser.page(&address).await.contains("Passed: 2 of 2 checks passed"));

    let stranger = site.browser(&site.course.student(2).await).await;
    assert_eq!(stranger.get(&to).await.status(), StatusCode::NOT_FOUND);
    let instructor = site.browser(&site.instructor().await).await;
    let sent = instructor.get(&to).await;
    assert_eq!(sent.headers()[LOCATION], format!("/class/{}", site.semester));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_project_page_has_hand_out_thresholds_and_form() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let page = browser.page(&site.project()).await;
    assert_eq!(page.matches("<h1").count(), 1, "the hand-out's title is the page's: {page}");
    for words in [
        "<h2 id=\"grads\">",
        "≤ 1e-4",
        "<code>grads</code>",
        "90 s",
        "1024 MiB",
        "None so far.",
        "0 of 20 today",
        "enctype=\"multipart/form-data\"",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let instructor = site.browser(&site.instructor().await).await;
    let page = instructor.page(&site.project()).await;
    assert!(page.contains("<h2 id=\"grads\">") && !page.contains("data-upload"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_needs_the_form_token_and_a_fit_archive() {
    let site = Site::open().await;
    let student = site.student(1).await;
    let browser = site.browser(&student).await;
    for token in [None, Some("guessed")] {
        let refused = browser.upload(token, "solution.py", SOLUTION).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{token:?}");
    }
    let token = browser.token().await;
    let refused = browser.upload(Some(&token), "a.zip", b"PK\x03\x04 no more").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let kept = submissions::of_student(&site.course.db, &site.semester, &student, project(1));
    assert_eq!(kept.await.unwrap(), vec![]);

    let address = browser.hand_in().await;
    let archive = browser.get(&format!("{address}/archive")).await;
    assert!(archive.headers()["content-disposition"].to_str().unwrap().contains("solution.py"));
    assert_eq!(archive.bytes().await.unwrap(), SOLUTION);
    let page = browser.page(&site.project()).await;
    assert!(page.contains("1 of 20 today") && page.contains(&address), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_without_a_grader_takes_nothing_in() {
    let site = Site::open().await;
    let student = site.student(1).await;
    let slug: Slug = "lif".parse().unwrap();
    let page = site
        .browser(&student)
        .await
        .page(&format!("/semesters/{}/projects/{slug}", site.semester))
        .await;
    assert!(page.contains("grader is not installed") && !page.contains("data-upload"), "{page}");
}
