//! What letters say, when a letter is tried again, and where a question stands: pure, by table.

use testat::course::admission::{Admission, Basis, Rule, State as Admitted};
use testat::course::notice::{
    Kind, Notice, Project, Receipt, Submission, TRIES, after_failure, letter,
};
use testat::course::question::{self, HOUR, MESSAGES_AN_HOUR, Side, State, TooOften};
use testat::course::{Digest, MessageText, RegradeId, SemesterName, Slug, SubmissionId, Verdict};

use crate::database::project;

#[test]
fn a_question_stands_where_the_table_says() {
    use State::{Answered, Closed, Open};
    for state in [Open, Answered, Closed] {
        assert_eq!(question::after_message(Side::Student), Open, "{state} and the student writes");
        assert_eq!(question::after_message(Side::Staff), Answered, "{state} and staff writes");
    }
    assert_eq!(question::after_close(Open), Some(Closed));
    assert_eq!(question::after_close(Answered), Some(Closed));
    assert_eq!(question::after_close(Closed), None, "closed once is closed");
}

#[test]
fn a_student_may_write_so_often_within_an_hour_and_staff_as_often_as_they_are_asked() {
    assert_eq!(question::may_write(Side::Student, MESSAGES_AN_HOUR - 1, 5), Ok(()));
    let refused = question::may_write(Side::Student, MESSAGES_AN_HOUR, 5);
    assert_eq!(refused, Err(TooOften { again_from: HOUR + 5 }));
    assert_eq!(question::may_write(Side::Staff, MESSAGES_AN_HOUR * 10, 5), Ok(()));
}

#[test]
fn a_message_has_line_breaks_and_nothing_else_that_drives_a_terminal() {
    let long = "é".repeat(5000);
    for good in ["?", "a\r\nb", "a\tb", long.as_str()] {
        assert!(good.parse::<MessageText>().is_ok(), "{good:?}");
    }
    assert_eq!("  a\r\nb \r\n".parse::<MessageText>().unwrap().as_str(), "a\nb");
    for bad in ["", " \r\n ", "a\u{0}b", "a\u{1b}[2J", format!("{long}x").as_str()] {
        assert!(bad.parse::<MessageText>().is_err(), "{bad:?}");
    }
}

#[test]
fn the_pauses_grow_from_a_minute_to_six_hours_and_end_after_three_days() {
    let minutes: Vec<i64> = (1..TRIES).map(|n| after_failure(n).unwrap() / 60_000).collect();
    assert_eq!(minutes[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]);
    assert!(minutes[9..].iter().all(|pause| *pause == 360));
    assert_eq!(after_failure(TRIES), None);
    let hours = minutes.iter().sum::<i64>() / 60;
    assert!((60..=80).contains(&hours), "{hours} hours in all");
}

struct Words {
    semester: SemesterName,
    slug: Slug,
    id: SubmissionId,
}

impl Words {
    fn new() -> Self {
        Self {
            semester: "HS2026".parse().unwrap(),
            slug: "backprop".parse().unwrap(),
            id: SubmissionId::new(),
        }
    }
    fn project<'a>(&'a self, title: &'a str) -> Project<'a> {
        Project { semester: &self.semester, number: project(1), slug: &self.slug, title }
    }
    fn submission<'a>(&'a self, title: &'a str) -> Submission<'a> {
        Submission { id: &self.id, project: self.project(title), number: 3 }
    }
}

#[test]
fn a_receipt_proves_when_the_first_byte_was_there_and_of_what() {
    let words = Words::new();
    let digest = Digest::of(b"archive");
    let receipt = |late_for| Receipt {
        submission: words.submission("Backpropagation"),
        received_at: 1_790_632_798_123,
        file_name: "a\nb.zip",
        size: 1,
        digest: &digest,
        late_for,
    };
    let text = Notice::Receipt(receipt(None)).text();
    assert_eq!(text.subject, "Received: Backpropagation, submission 3");
    assert_eq!(text.path, format!("/submissions/{}", words.id));
    for part in [
        "First byte: 2026-09-28 23:59:58.123 CEST\n".to_owned(),
        format!("SHA-256: {digest}\n"),
        format!("Submission: {}\n", words.id),
        "File: a b.zip, 1 byte\n".to_owned(),
    ] {
        assert!(text.body.contains(&part), "{part}: {}", text.body);
    }
    assert!(!text.body.contains("It came after it was due"));
    let late = Notice::Receipt(receipt(Some(1_790_632_790_000))).text();
    assert!(late.body.contains("It came after it was due (Mon 28 Sep 2026, 23:59 CEST)"));
}

#[test]
fn a_title_with_a_line_break_makes_one_line() {
    let words = Words::new();
    let notice = Notice::Verdict {
        submission: words.submission("Back\r\nBcc: all@example.org"),
        grading: &testat::course::GradingId::new(),
        verdict: Verdict::Passed,
        late: true,
        again: false,
    };
    let text = notice.text();
    assert_eq!(text.subject, "Passed: Back  Bcc: all@example.org, submission 3");
    assert!(text.body.contains("does not count unless an instructor says so"), "{}", text.body);
}

#[test]
fn a_deadline_says_how_the_student_stands() {
    let words = Words::new();
    let body = |state, submissions| {
        let admission = Admission {
            state,
            basis: Basis::Projects,
            rule: Rule::new(5, 7).unwrap(),
            excused: 0,
            passed: 2,
            missing: 3,
            since: None,
        };
        let notice = Notice::Deadline {
            project: words.project("Backpropagation"),
            due: 1_790_632_799_000,
            submissions,
            admission: &admission,
        };
        notice.text().body
    };
    assert_eq!(
        body(Admitted::Open, 0),
        "For you, project 1 (Backpropagation) is due Mon 28 Sep 2026, 23:59 CEST. You have not \
         handed it in so far. You have passed 2 of the 5 projects needed."
    );
    assert!(body(Admitted::Open, 1).contains("handed it in once; it has not passed"));
    assert!(body(Admitted::Admitted, 4).contains("4 times; it has not passed. You are admitted"));
}

#[test]
fn a_regrade_is_told_with_what_counts_now() {
    let (words, regrade) = (Words::new(), RegradeId::new());
    let text = |undone, verdict| {
        let project = words.project("Backpropagation");
        Notice::Regraded { project, regrade: &regrade, undone, verdict }.text()
    };
    let applied = text(false, Some(Verdict::Failed));
    assert_eq!(applied.subject, "Failed after a regrade: Backpropagation");
    assert!(applied.body.contains("Your result is now: failed."), "{}", applied.body);
    let undone = text(true, None);
    assert_eq!(undone.subject, "No verdict after a regrade: Backpropagation");
    assert!(undone.body.contains("took back"), "{}", undone.body);
    assert!(undone.body.contains("no verdict at present"), "{}", undone.body);
}

#[test]
fn a_letter_says_how_to_have_fewer_of_them_unless_it_always_comes() {
    let receipt = letter(Kind::Receipt, "Ada\nBcc: x", "Text.", "/submissions/1", "https://t");
    assert_eq!(
        receipt,
        "Hello Ada Bcc: x,\n\nText.\n\nhttps://t/submissions/1\n\n-- \nTestat. A receipt is sent for \
         every submission.\n"
    );
    let verdict = letter(Kind::Verdict, "Ada", "Text.", "/", "https://t");
    assert!(verdict.ends_with("your choice: https://t/profile#mail\n"), "{verdict}");
    assert!(!Kind::OPTIONAL.contains(&Kind::Receipt));
}
