//! A student's pages, from a real server over HTTP; what a worker would do is done by hand.

use std::net::TcpListener;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{CONTENT_ENCODING, COOKIE, LOCATION};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response, StatusCode};
use testat::clock::Clock;
use testat::course::{PersonId, Role, SecretHash, SemesterName, Slug, SubmissionId, Verdict};
use testat::intake::archive::ArchiveLimits;
use testat::intake::blobs::Blobs;
use testat::store::queue::{self, Held, Lease};
use testat::store::roster::{self, RosterRow};
use testat::store::{semesters, sessions, submissions};
use testat::web::{self, CheckInfo, Cookies, ProjectInfo, Setup, State};
use testat_kit::report::{
    Audience, Axis, Check, Comparison, Exceeded, Figure, GraderVersion, LimitOn, Plot, Report,
    Series, Usage, Verdict as Said,
};

use crate::database::{Course, Engine, MINUTE, new_semester, outcome, project, student_row};

const SOLUTION: &[u8] = b"def forward(params, X, activation):\n    return X\n";

/// A server with a semester that began today.
struct Site {
    course: Course,
    semester: SemesterName,
    base: String,
    _folder: tempfile::TempDir,
}

/// Someone signed in.
struct Browser<'a> {
    site: &'a Site,
    client: Client,
    cookie: String,
}

impl Site {
    async fn open() -> Self {
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
            self_attack: testat::commands::self_attack::nothing(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(web::run(listener, State::new(setup).unwrap()).unwrap());
        Self { course, semester, base, _folder: folder }
    }

    async fn student(&self, n: u64) -> PersonId {
        self.course.student_in(&self.semester, n).await
    }

    async fn instructor(&self) -> PersonId {
        let row = RosterRow { legi: None, role: Role::Instructor, ..student_row(90) };
        let done = roster::import(&self.course.db, &self.semester, &[row], None, 5).await.unwrap();
        done.rows[0].person.clone().unwrap()
    }

    async fn browser(&self, person: &PersonId) -> Browser<'_> {
        let secret = format!("session of {person}").replace(' ', "-");
        let hash = SecretHash::of(&secret);
        sessions::create(&self.course.db, &hash, person, Clock.now()).await.unwrap();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Browser { site: self, client, cookie: format!("testat={secret}") }
    }

    async fn claim(&self) -> Lease {
        let now = Clock.now();
        queue::claim(&self.course.db, "w", now, now + MINUTE).await.unwrap().unwrap()
    }

    async fn record(&self, lease: &Lease, report: &Report) {
        let verdict = match report.verdict {
            Said::Passed => Verdict::Passed,
            Said::Failed => Verdict::Failed,
        };
        let json = serde_json::to_string(report).unwrap();
        let outcome = queue::Outcome { report: json, ..outcome(verdict) };
        let held = queue::record(&self.course.db, lease, &outcome, Clock.now()).await.unwrap();
        assert_eq!(held, Held::Yes);
    }

    fn project(&self) -> String {
        format!("/semesters/{}/projects/backprop", self.semester)
    }
}

impl Browser<'_> {
    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.site.base));
        request.header(COOKIE, &self.cookie).send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
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
    async fn hand_in(&self) -> String {
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

fn report(passed: bool) -> Report {
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
async fn a_grading_is_followed_live_to_its_end() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let address = browser.hand_in().await;
    let page = browser.page(&address).await;
    assert!(page.contains("Waiting: yours is next."), "{page}");
    assert!(page.contains("http-equiv=\"refresh\""), "it works without JavaScript");

    let request = browser.client.get(format!("{}{address}/live", site.base));
    let request = request.header(COOKIE, &browser.cookie).header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let coding = response.headers().get(CONTENT_ENCODING).map(|v| v.to_str().unwrap().to_owned());
    assert!(coding.is_none_or(|coding| coding == "identity"), "a compressed event waits");
    let mut events = response.bytes_stream();
    let mut heard = String::new();
    let mut until = async |words: &str| {
        while !heard.contains(words) {
            let piece = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
            let piece = piece.expect(words).expect("the stream goes on").unwrap();
            heard.push_str(std::str::from_utf8(&piece).unwrap());
        }
    };
    until("Waiting: yours is next.").await;
    let lease = site.claim().await;
    let noted = r#"{"phase":"grade","check":"grads","done":5,"total":10,
        "decided":[{"id":"forward","passed":true,"value":2.5e-7}],
        "began":[{"phase":"unpack","at":1000},{"phase":"start","at":3500}]}"#;
    let held = queue::progress(&site.course.db, &lease, noted).await.unwrap();
    assert_eq!(held, Held::Yes);
    until(r#""words":"Check 2 of 2: Gradients of the loss.""#).await;
    until(r#""done":30,"total":40"#).await;
    // What the stream draws is what a reload draws.
    until("Checks so far").await;
    let page = browser.page(&address).await;
    for words in ["Check 2 of 2: Gradients of the loss.", "Checks so far", "Forward pass", "2.5e-7"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    for words in ["01:00:01", "2.5 s", "01:00:03", "class=\"now\"", "Recorded", "to come"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("max=\"40\" value=\"30\""), "{page}");
    site.record(&lease, &report(true)).await;
    until("event: done\n").await;
    assert!(events.next().await.is_none(), "the stream ends with the grading");
    let page = browser.page(&address).await;
    assert!(!page.contains("http-equiv=\"refresh\"") && page.contains("How it went"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_shown_to_whom_it_concerns_and_hides_what_gives_a_draw_away() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let address = browser.hand_in().await;
    site.record(&site.claim().await, &report(false)).await;

    let page = browser.page(&address).await;
    let seed = "5e".repeat(32);
    for words in [
        "Failed: 1 of 2 checks passed".to_owned(),
        "2.5e-7".to_owned(),
        // Four digits would make it look equal to the threshold.
        ">1.00001e-4</strong>".to_owned(),
        "asked for &lt;b&gt;2&lt;/b&gt; rows".to_owned(),
        format!("{}#grads", site.project()),
        format!("testat grade backprop . --seed {seed}"),
        "hello \\u{1b}[2J&lt;i&gt;".to_owned(),
        "Picture curve".to_owned(),
    ] {
        assert!(page.contains(&words), "{words}: {page}");
    }
    assert!(!page.contains("Picture hidden"), "a student must not see it");

    let instructor = site.browser(&site.instructor().await).await;
    let page = instructor.page(&address).await;
    assert!(page.contains("Picture hidden") && page.contains("First001 Family001"));

    let other = site.browser(&site.student(2).await).await;
    for path in [address.clone(), format!("{address}/live"), format!("{address}/archive")] {
        assert_eq!(other.get(&path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_report_stays_to_be_seen_while_it_is_graded_again() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let address = browser.hand_in().await;
    site.record(&site.claim().await, &report(false)).await;
    let id: SubmissionId = address.rsplit('/').next().unwrap().parse().unwrap();
    let (instructor, now) = (site.instructor().await, Clock.now());
    let reason = "a new grader".parse().unwrap();
    queue::regrade(&site.course.db, &id, &reason, &instructor, now).await.unwrap();

    let page = browser.page(&address).await;
    assert!(page.contains("Failed: 1 of 2 checks passed") && page.contains("data-live"), "{page}");
    site.record(&site.claim().await, &report(true)).await;
    assert!(browser.page(&address).await.contains("Passed: 2 of 2 checks passed"));
    let first = browser.page(&format!("{address}?grading=1")).await;
    assert!(
        first.contains("Failed: 1 of 2 checks passed") && first.contains("report of grading 1")
    );
    let none = browser.get(&format!("{address}?grading=3")).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_attempt_is_compared_check_by_check_with_the_first() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let first = browser.hand_in().await;
    site.record(&site.claim().await, &report(false)).await;
    assert!(!browser.page(&first).await.contains("Since your last attempt"));

    let second = browser.hand_in().await;
    assert!(!browser.page(&second).await.contains("Since your last attempt"), "not graded yet");
    site.record(&site.claim().await, &report(true)).await;
    let page = browser.page(&second).await;
    for words in [
        "Since your last attempt".to_owned(),
        format!("<a href=\"{first}\">submission 1</a>: 1 mended, 1 as before."),
        "<tr class=\"mended\">".to_owned(),
        "1.00001e-4 <span class=\"muted\">failed</span>".to_owned(),
    ] {
        assert!(page.contains(&words), "{words}: {page}");
    }
    assert!(!page.contains("The grader has changed"), "{page}");
    // Which one counts, and why, is on the project's page.
    let page = browser.page(&site.project()).await;
    for words in
        ["Submission 2 counts: of those that came on time it passed first", "on time, not passed"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(page.matches("<span class=\"badge passed\">counts</span>").count(), 1, "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_says_which_limit_how_far_over_and_what_to_try() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let address = browser.hand_in().await;
    let exceeded = Exceeded {
        limit: LimitOn::Cpu,
        phase: "grade".into(),
        function: None,
        allowed: 90_000,
        used: 90_450,
    };
    let killed = report(false);
    let usage = Usage { exceeded: vec![exceeded], ..killed.usage };
    site.record(&site.claim().await, &Report { usage, ..killed }).await;
    let page = browser.page(&address).await;
    for words in ["Ended by a limit: Processor time", "450 ms (0.5 %) over", "What to try:"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expected_time_is_said_once_enough_gradings_are_measured() {
    let site = Site::open().await;
    for n in 1..=5 {
        site.browser(&site.student(n).await).await.hand_in().await;
        site.record(&site.claim().await, &report(false)).await;
    }
    let browser = site.browser(&site.student(7).await).await;
    let address = browser.hand_in().await;
    let page = browser.page(&address).await;
    let measured = "from the last 5 gradings of this project in Python";
    let words = format!("Expected until the verdict: about a second ({measured}).");
    assert!(page.contains(&words), "{page}");
    let _lease = site.claim().await;
    let page = browser.page(&address).await;
    assert!(page.contains("Being graded") && page.contains(measured), "{page}");

    let next = site.browser(&site.student(8).await).await;
    let page = next.page(&next.hand_in().await).await;
    assert!(page.contains(&format!("({measured}; one is being graded now).")), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_measured_gradings_only_the_limit_is_said() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let page = browser.page(&browser.hand_in().await).await;
    let words = "too few gradings have been measured. A program is ended after 120 s.";
    assert!(page.contains(words), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_has_the_time_of_the_first_byte_the_digest_and_the_id() {
    let site = Site::open().await;
    let browser = site.browser(&site.student(1).await).await;
    let address = browser.hand_in().await;
    let page = browser.page(&address).await;
    let id: SubmissionId = address.rsplit('/').next().unwrap().parse().unwrap();
    let stored = submissions::get(&site.course.db, &id).await.unwrap().unwrap();
    let received = jiff::Timestamp::from_millisecond(stored.received_at).unwrap();
    let zone = jiff::tz::TimeZone::get("Europe/Zurich").unwrap();
    let received = received.to_zoned_datetime(zone).strftime("%H:%M:%S.%3f").to_string();
    for words in [received, testat::course::Digest::of(SOLUTION).to_string(), id.to_string()] {
        assert!(page.contains(&words), "{words}: {page}");
    }
    assert!(page.contains("on time: due "), "{page}");
}
