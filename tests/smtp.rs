//! Letters through an SMTP server over loopback: one that another hand wrote, that is down at first, wants a
//! sign-in and refuses some; and a server of ours in a process of its own.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testat::course::Email;
use testat::course::notice::after_failure;
use testat::mail::{Post, Step};
use testat::store::outbox;

use crate::database::{Course, DAY, MINUTE, on_both};
use crate::post::{BASE, Mail, letters_in};
use crate::server::{PATIENCE, STUDENT, Server, grader_folder};

on_both!(
    a_server_that_is_down_gets_the_letter_when_it_is_up,
    a_letter_that_nobody_takes_is_given_up_and_one_that_must_wait_is_not,
    a_wrong_password_costs_no_letter,
);

/// The SMTP server of `smtp/server.py`.
struct Smtp {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Smtp {
    /// Its port is its own, and nothing answers there.
    fn down() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp/server.py");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().expect("python3-aiosmtpd is installed").unwrap().parse().unwrap();
        Self { child, lines, port }
    }

    fn up() -> Self {
        let mut smtp = Self::down();
        smtp.bring_up();
        smtp
    }

    fn bring_up(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"up\n").unwrap();
        assert_eq!(self.lines.next().unwrap().unwrap(), "up");
    }

    fn url(&self, password: &str) -> String {
        format!("smtp://testat:{password}@127.0.0.1:{}", self.port)
    }

    fn post(&self, password: &str) -> Post {
        let from: Email = "testat@example.org".parse().unwrap();
        Post::by_smtp(&self.url(password), &from, BASE).unwrap()
    }

    /// Waits for the next letter.
    fn letter(&mut self) -> (Value, Mail) {
        let letter: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        let mail = Mail::parse(letter["content"].as_str().unwrap());
        (letter, mail)
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PASSWORD: &str = "s3cret%20word";

async fn fault(t: &Course) -> String {
    outbox::unsent(&t.db, 1).await.unwrap().remove(0).fault
}

async fn a_server_that_is_down_gets_the_letter_when_it_is_up(t: Course) {
    let mut smtp = Smtp::down();
    let post = smtp.post(PASSWORD);
    assert!(post.try_way().await.is_err());
    let ada = t.student(1).await;
    let mut now = t.start + MINUTE;
    let receipt = t.hand_in(&ada, 1, now).await;
    for tries in 1..=3 {
        assert_eq!(post.step(&t.db, now).await.unwrap(), Step::PutOff);
        assert_eq!(post.step(&t.db, now).await.unwrap(), Step::Idle, "not before its pause ends");
        now += after_failure(tries).unwrap();
    }
    assert!(fault(&t).await.contains("refused"), "{}", fault(&t).await);
    smtp.bring_up();
    assert!(post.try_way().await.is_ok());
    assert_eq!(post.step(&t.db, now).await.unwrap(), Step::Sent);
    let (envelope, mail) = smtp.letter();
    assert_eq!(envelope["from"], "testat@example.org");
    assert_eq!(envelope["to"], serde_json::json!(["student1@ethz.example"]));
    assert!(mail.subject().starts_with("Received: "), "{:?}", mail.head);
    assert!(mail.body.contains(receipt.submission.as_str()), "{}", mail.body);
    assert_eq!(post.step(&t.db, now + 9 * DAY).await.unwrap(), Step::Idle, "once is enough");
}

async fn a_letter_that_nobody_takes_is_given_up_and_one_that_must_wait_is_not(t: Course) {
    let mut smtp = Smtp::up();
    let post = smtp.post(PASSWORD);
    let now = t.start + MINUTE;
    for (n, email) in [(1, "gone@ethz.example"), (2, "busy@ethz.example"), (3, "here@ethz.example")]
    {
        let person = t.student(n).await;
        let sql = format!("UPDATE people SET email = '{email}' WHERE id = '{person}'");
        crate::database::tamper(&t.url, &sql).await;
        t.hand_in(&person, 1, now + i64::try_from(n).unwrap()).await;
    }
    let now = now + MINUTE;
    assert_eq!(post.step(&t.db, now).await.unwrap(), Step::GivenUp);
    assert!(fault(&t).await.contains("550"), "{}", fault(&t).await);
    assert_eq!(post.step(&t.db, now).await.unwrap(), Step::PutOff);
    assert_eq!(post.step(&t.db, now).await.unwrap(), Step::Sent);
    assert_eq!(smtp.letter().0["to"], serde_json::json!(["here@ethz.example"]));
    let depth = outbox::depth(&t.db).await.unwrap();
    assert_eq!((depth.waiting, depth.failed), (1, 1));
    // The same letter again is known by its name.
    let letter = outbox::claim(&t.db, now + DAY, now + DAY).await.unwrap().unwrap();
    assert_eq!((letter.email.as_str(), letter.tries), ("busy@ethz.example", 2));
}

async fn a_wrong_password_costs_no_letter(t: Course) {
    let mut smtp = Smtp::up();
    let wrong = smtp.post("wrong");
    let said = wrong.try_way().await.unwrap_err();
    assert!(said.contains("535") && !said.contains("wrong"), "{said}");
    let ada = t.student(1).await;
    let now = t.start + MINUTE;
    t.hand_in(&ada, 1, now).await;
    assert_eq!(wrong.step(&t.db, now).await.unwrap(), Step::PutOff, "the operator mends that");
    assert!(!format!("{wrong:?}").contains("wrong"), "nothing prints the password");
    assert_eq!(smtp.post(PASSWORD).step(&t.db, now + MINUTE).await.unwrap(), Step::Sent);
    smtp.letter();
}

#[tokio::test]
async fn a_letter_sent_twice_has_the_same_name_and_the_same_bytes() {
    let t = Course::begin(crate::database::Engine::Sqlite).await;
    let mut smtp = Smtp::up();
    let post = smtp.post(PASSWORD);
    let ada = t.student(1).await;
    let now = t.start + MINUTE;
    t.hand_in(&ada, 1, now).await;
    assert_eq!(post.step(&t.db, now).await.unwrap(), Step::Sent);
    // The server dies between sending and marking.
    let sql = "UPDATE outbox SET state = 'waiting', ended_at = NULL";
    crate::database::tamper(&t.url, sql).await;
    assert_eq!(post.step(&t.db, now + DAY).await.unwrap(), Step::Sent);
    let (first, second) = (smtp.letter(), smtp.letter());
    assert_eq!(first.1.header("Message-ID"), second.1.header("Message-ID"));
    assert_eq!(first.0["content"], second.0["content"]);
}

async fn hand_in(server: &Server) {
    let token = server.token(STUDENT);
    let solution = std::fs::read(grader_folder().join("starter/python/solution.py")).unwrap();
    let response = server.upload("backprop", &token, "solution.py", solution).await;
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn a_running_server_sends_through_smtp() {
    let mut smtp = Smtp::up();
    let mut server = Server::prepared(None);
    let mut command = server.command();
    command
        .env("TESTAT_WORKERS", "0")
        .env("TESTAT_SMTP_URL", smtp.url(PASSWORD))
        .env("TESTAT_MAIL_FROM", "testat@example.org");
    server.start_as(command);
    hand_in(&server).await;
    let (_, mail) = smtp.letter();
    assert!(mail.subject().starts_with("Received: "), "{:?}", mail.head);
    assert!(mail.body.contains(&server.url("/submissions/")), "{}", mail.body);
    assert!(server.stop().success(), "it stops with an open connection too");
}

#[tokio::test]
async fn a_running_server_without_smtp_writes_into_its_mailbox() {
    let mut server = Server::prepared(None);
    let mut command = server.command();
    command.env("TESTAT_WORKERS", "0");
    server.start_as(command);
    hand_in(&server).await;
    let folder = server.data().join("mailbox");
    let begun = Instant::now();
    while letters_in(&folder).is_empty() {
        assert!(begun.elapsed() < PATIENCE, "no letter in {}", folder.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let letters = letters_in(&folder);
    assert_eq!(letters.len(), 1);
    let mail = Mail::parse(&std::fs::read_to_string(&letters[0]).unwrap());
    assert!(mail.subject().starts_with("Received: "), "{:?}", mail.head);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&folder).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "letters are for whom they name");
}
