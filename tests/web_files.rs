//! A submission's files over HTTP: what is shown of them to whom, comments on lines, and what changed.

use std::io::Write as _;

use testat::store::{audit, comments};

use crate::app::{ADA, Browser, EMMY, LECTURER, OFFICE, SEMESTER, TestApp, location, solution};

/// Files as a zip.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Hands in as Emmy; where the submission is.
async fn handed_in(app: &TestApp, name: &str, bytes: Vec<u8>) -> String {
    let response = app.signed_in(EMMY).await.upload(name, bytes).await;
    assert_eq!(response.status(), 303);
    location(&response)
}

async fn comment(browser: &Browser, submission: &str, file: &str, line: &str, text: &str) -> u16 {
    let fields = [("file", file), ("line", line), ("text", text)];
    let response = browser.submit(&format!("{submission}/comments"), &fields).await;
    response.status().as_u16()
}

#[tokio::test]
async fn the_student_and_the_staff_read_the_files_coloured_and_nobody_else() {
    let app = TestApp::started().await;
    let rust = b"// a comment\npub fn main() { let text = \"<b>\"; }\n";
    let archive = zipped(&[
        ("notes.txt", b"first\nsecond"),
        ("solution.py", b"def forward(x):\n    return x + 1  # sum\n"),
        ("extra.rs", rust),
        ("picture.png", b"\x89PNG\0\x01"),
        ("empty.py", b""),
    ]);
    let submission = handed_in(&app, "work.zip", archive).await;
    for email in [EMMY, LECTURER, OFFICE] {
        let page = app.signed_in(email).await.page(&format!("{submission}/files")).await;
        assert!(
            page.contains(
                "<span class=\"keyword\">def</span> <span class=\"function\">forward</span>"
            ),
            "{page}"
        );
        assert!(
            page.contains("<span class=\"comment\"># sum</span>")
                && page.contains("<span class=\"comment\">// a comment</span>")
        );
        assert!(page.contains("<span class=\"text\">&quot;&lt;b&gt;&quot;</span>"), "{page}");
        assert!(page.contains("It is no text, and not shown.") && page.contains("It is empty."));
        assert!(page.contains("id=\"solution.py-L2\"") && page.contains("5 files"));
        let first = page.find("id=\"solution.py-L1\"").unwrap();
        assert!(first < page.find("id=\"empty.py\"").unwrap(), "the solution stands first");
        assert!(page.contains("second</code>"), "a last line without its end");
        let form = page.contains("?comment=solution.py:1#");
        assert_eq!(form, email != EMMY, "{email}");
    }
    assert_eq!(app.signed_in(ADA).await.get(&format!("{submission}/files")).await.status(), 404);
    let report = app.signed_in(EMMY).await.page(&submission).await;
    assert!(report.contains(&format!("href=\"{submission}/files\"")));
}

#[tokio::test]
async fn a_comment_stands_at_its_line_until_it_is_taken_back() {
    let app = TestApp::started().await;
    let submission = handed_in(&app, "solution.py", solution()).await;
    let (lecturer, emmy) = (app.signed_in(LECTURER).await, app.signed_in(EMMY).await);
    let files = format!("{submission}/files");
    let asked = lecturer.page(&format!("{files}?comment=solution.py:2")).await;
    assert!(asked.contains("Comment on line 2, shown to the student"), "{asked}");
    assert!(!emmy.page(&format!("{files}?comment=solution.py:2")).await.contains("<textarea"));

    let text = "This is <i>not</i> what\nthe hand-out asks \u{202e}for.";
    assert_eq!(comment(&lecturer, &submission, "solution.py", "2", text).await, 303);
    let page = emmy.page(&files).await;
    assert!(
        page.contains("This is &lt;i&gt;not&lt;&#x2F;i&gt; what")
            || page.contains("This is &lt;i&gt;not&lt;/i&gt; what"),
        "{page}"
    );
    assert!(page.contains("\\u{202e}for.") && page.contains("Benjamin Grewe"));
    assert!(page.contains("href=\"#solution.py-L2\""), "the summary leads to the line");
    assert!(!page.contains("take-back"), "a student takes nothing back");
    assert!(emmy.page(&submission).await.contains("There is a comment on a line of it"));

    let id = submission.rsplit('/').next().unwrap().parse().unwrap();
    let stored = comments::of_submission(&app.db, &id).await.unwrap().remove(0);
    let take_back = format!("/comments/{}/take-back", stored.id);
    assert_eq!(emmy.submit(&take_back, &[]).await.status(), 404);
    assert_eq!(lecturer.submit(&take_back, &[]).await.status(), 303);
    let page = emmy.page(&files).await;
    assert!(!page.contains("the hand-out asks") && !page.contains("Benjamin"), "{page}");
    assert!(lecturer.page(&files).await.contains("not shown to the student"));
    assert!(!emmy.page(&submission).await.contains("comment on a line"));
    let lines = audit::filtered(&app.db, &audit::Filter::default(), 2).await.unwrap();
    let actions: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["comment.take_back", "comment.write"]);
}

#[tokio::test]
async fn only_staff_comment_and_only_on_lines_that_are_there() {
    let app = TestApp::started().await;
    let submission = handed_in(&app, "solution.py", solution()).await;
    let lecturer = app.signed_in(LECTURER).await;
    for (file, line, status) in [
        ("solution.py", "3", 422),
        ("solution.py", "0", 422),
        ("solution.py", "two", 400),
        ("other.py", "1", 422),
        ("../solution.py", "1", 422),
    ] {
        let got = comment(&lecturer, &submission, file, line, "Why?").await;
        assert_eq!(got, status, "{file}:{line}");
    }
    assert_eq!(comment(&lecturer, &submission, "solution.py", "1", "  ").await, 422);
    let long = "a".repeat(4_001);
    assert_eq!(comment(&lecturer, &submission, "solution.py", "1", &long).await, 422);
    for email in [EMMY, ADA] {
        let browser = app.signed_in(email).await;
        assert_eq!(comment(&browser, &submission, "solution.py", "1", "Fine.").await, 404);
    }
    let id = submission.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(comments::of_submission(&app.db, &id).await.unwrap(), []);
}

#[tokio::test]
async fn two_submissions_are_held_against_each_other_line_by_line() {
    let app = TestApp::started().await;
    let lines: String = (0..30).map(|n| format!("x{n} = {n}\n")).collect();
    let first = zipped(&[
        ("solution.py", lines.as_bytes()),
        ("same.py", b"a = 1\n"),
        ("gone.py", b"b = 2\n"),
    ]);
    let changed = lines.replace("x15 = 15\n", "x15 = '<new>'\n");
    let second = zipped(&[
        ("solution.py", changed.as_bytes()),
        ("same.py", b"a = 1\n"),
        ("added.py", b"c = 3\n"),
    ]);
    let first = handed_in(&app, "work.zip", first).await;
    let second = handed_in(&app, "work.zip", second).await;
    let emmy = app.signed_in(EMMY).await;
    let id = |place: &str| place.rsplit('/').next().unwrap().to_owned();
    let files = emmy.page(&format!("{second}/files")).await;
    assert!(files.contains(&format!("<option value=\"{}\">", id(&first))), "{files}");

    let page = emmy.page(&format!("{second}/files?against={}", id(&first))).await;
    assert!(
        page.contains("From submission 1 to 2") && page.contains("3 files changed, 1 is the same"),
        "{page}"
    );
    assert_eq!(page.matches("class=\"added\"").count(), 2, "{page}");
    assert_eq!(page.matches("class=\"removed\"").count(), 2);
    assert!(
        page.contains("&#39;&lt;new&gt;&#39;") && page.contains("x12") && !page.contains("x3 ")
    );
    let itself = emmy.page(&format!("{first}/files?against={}", id(&first))).await;
    assert!(itself.contains("Nothing changed"));

    let ada = app.signed_in(ADA).await;
    let other = location(&ada.upload("solution.py", solution()).await);
    let across = |own: &str, other: &str| format!("{own}/files?against={}", id(other));
    assert_eq!(ada.get(&across(&other, &first)).await.status(), 404, "not another's");
    let lecturer = app.signed_in(LECTURER).await;
    assert_eq!(lecturer.get(&across(&second, &other)).await.status(), 404, "not of two students");
    assert_eq!(lecturer.get(&across(&second, &first)).await.status(), 200);
}

#[tokio::test]
async fn a_hostile_archive_is_shown_as_what_it_is() {
    let app = TestApp::started().await;
    let name = "<img src=x onerror=alert(1)> & \"quoted\".py";
    let long = "a".repeat(300_000);
    let many = "\n".repeat(50_000);
    let archive = zipped(&[
        (
            "solution.py",
            "x = 1 # \u{202e}\u{7} </code><script>alert(1)</script>\r\ny = 2\rz\n".as_bytes(),
        ),
        (name, b"y = 1\n"),
        ("long.py", long.as_bytes()),
        ("many.py", many.as_bytes()),
        ("deep.py", "(".repeat(100_000).as_bytes()),
        ("latin.py", b"# caf\xe9\n"),
    ]);
    let submission = handed_in(&app, "work.zip", archive).await;
    let lecturer = app.signed_in(LECTURER).await;
    let page = lecturer.page(&format!("{submission}/files")).await;
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "escaped");
    assert!(page.contains("\\u{202e}\\u{7}") && page.contains("\\u{d}z"), "made visible");
    assert!(!page.contains('\u{202e}') && !page.contains('\r'));
    assert!(page.contains("… and 261144 more characters"), "a line is cut");
    assert!(page.contains("Its first 256 KiB are shown"));
    assert!(page.contains("6000 of its lines are shown"));
    assert!(page.contains("It is no text, and not shown."));
    assert!(page.len() < 4 << 20, "{}", page.len());
    assert_eq!(comment(&lecturer, &submission, name, "1", "A name!").await, 303);
    let page = app.signed_in(EMMY).await.page(&format!("{submission}/files")).await;
    assert!(page.contains("A name!") && !page.contains("<img"));
}

#[tokio::test]
async fn an_instructor_of_the_semester_sees_the_way_to_the_files_from_the_class() {
    let app = TestApp::started().await;
    let submission = handed_in(&app, "solution.py", solution()).await;
    let lecturer = app.signed_in(LECTURER).await;
    let person = app.person(EMMY).await;
    let student = lecturer.page(&format!("/class/{SEMESTER}/students/{person}")).await;
    assert!(student.contains(&submission));
    assert!(lecturer.page(&submission).await.contains("Read the files"));
}
