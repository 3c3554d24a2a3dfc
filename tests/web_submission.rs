//! A submission's page: followed while it is graded, then its report, compared and received.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, COOKIE};
use testat::clock::Clock;
use testat::course::SubmissionId;
use testat::store::queue::{self, Held};
use testat::store::submissions;
use testat_kit::report::{Exceeded, LimitOn, Report, Usage};

use crate::web_student::{SOLUTION, Site, report};

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
