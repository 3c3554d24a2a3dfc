//! A fresh, migrated database of either kind for every test, and the course that most of them begin
//! with.

use jiff::civil::date;
use sqlx::{Connection, Executor};
use testat::course::admission::Rule;
use testat::course::{
    Digest, Language, PersonId, ProjectNumber, Role, SemesterName, SubmissionId, Verdict, calendar,
};
use testat::store::queue::{self, Held, Lease, Outcome};
use testat::store::roster::{self, RosterRow};
use testat::store::semesters::{self, NewSemester};
use testat::store::submissions::{self, InsertError, NewSubmission, Receipt};
use testat::store::{Db, people};

use crate::postgres;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The engine of tests that run once on each: the test script says which by a variable.
    pub(crate) fn of_this_run() -> Self {
        match std::env::var("TESTAT_TEST_ENGINE").as_deref() {
            Ok("postgresql") => Self::Postgres,
            Ok(other) => panic!("TESTAT_TEST_ENGINE is `{other}`, not postgresql"),
            Err(_) => Self::Sqlite,
        }
    }
}

/// Makes each named `async fn(Course)` a test on SQLite and one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::database::Course::begin($crate::database::Engine::Sqlite).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::database::Course::begin($crate::database::Engine::Postgres).await).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// A database with a semester HS2026, an admin, and no students yet.
pub(crate) struct Course {
    pub(crate) db: Db,
    pub(crate) url: String,
    pub(crate) semester: SemesterName,
    pub(crate) admin: PersonId,
    /// 2026-09-16 00:00 in Zurich: project 1 opens.
    pub(crate) start: i64,
    _folder: tempfile::TempDir,
}

/// A minute in milliseconds.
pub(crate) const MINUTE: i64 = 60_000;
/// A day in milliseconds.
pub(crate) const DAY: i64 = 24 * 60 * MINUTE;

impl Course {
    pub(crate) async fn begin(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => format!("sqlite:{}", folder.path().join("testat.db").display()),
            Engine::Postgres => postgres::database().await,
        };
        let db = Db::connect(&url).await.unwrap();
        db.migrate().await.unwrap();
        let admin = people::NewPerson {
            email: "office@ethz.example".parse().unwrap(),
            family_name: "Office".into(),
            first_name: "Olga".into(),
            admin: true,
        };
        let admin = people::create(&db, &admin, None, 1).await.unwrap();
        let semester: SemesterName = "HS2026".parse().unwrap();
        let new = new_semester(&semester, date(2026, 9, 16));
        semesters::create(&db, &new, Some(&admin), 2).await.unwrap();
        let start = calendar::instant_of(date(2026, 9, 16), jiff::civil::Time::midnight()).unwrap();
        Self { db, url, semester, admin, start, _folder: folder }
    }

    /// Enrols the student `n` in the semester named, with Legi number and e-mail made from `n`.
    pub(crate) async fn student_in(&self, semester: &SemesterName, n: u64) -> PersonId {
        let row = student_row(n);
        let done = roster::import(&self.db, semester, &[row], Some(&self.admin), 3).await.unwrap();
        done.rows[0].person.clone().unwrap()
    }

    pub(crate) async fn student(&self, n: u64) -> PersonId {
        self.student_in(&self.semester, n).await
    }

    /// Hands in project `number` at `at`, with an archive of its own.
    pub(crate) async fn try_hand_in(
        &self,
        person: &PersonId,
        number: i64,
        at: i64,
    ) -> Result<Receipt, InsertError> {
        let new = NewSubmission {
            semester: self.semester.clone(),
            project: project(number),
            person: person.clone(),
            digest: Digest::of(format!("{person}{number}{at}").as_bytes()),
            size: 1234,
            file_name: "solution.zip".into(),
            language: Language::Python,
            received_at: at,
        };
        submissions::insert(&self.db, &new, at).await
    }

    pub(crate) async fn hand_in(&self, person: &PersonId, number: i64, at: i64) -> Receipt {
        self.try_hand_in(person, number, at).await.unwrap()
    }

    pub(crate) async fn claim(&self, now: i64) -> Option<Lease> {
        queue::claim(&self.db, "worker-1", now, now + MINUTE).await.unwrap()
    }

    /// Claims whatever is next, which must be of this submission, and gives it its verdict.
    pub(crate) async fn grade(&self, submission: &SubmissionId, verdict: Verdict, now: i64) {
        let lease = self.claim(now).await.unwrap();
        assert_eq!(lease.submission, *submission);
        assert_eq!(
            queue::record(&self.db, &lease, &outcome(verdict), now).await.unwrap(),
            Held::Yes
        );
    }

    /// Hands in on the second day of the project's window and grades it a minute later.
    pub(crate) async fn finish(&self, person: &PersonId, number: i64, verdict: Verdict) -> Receipt {
        let projects = semesters::projects(&self.db, &self.semester).await.unwrap();
        let window = projects.iter().find(|p| p.number == project(number)).unwrap();
        let receipt = self.hand_in(person, number, window.opens + DAY).await;
        self.grade(&receipt.submission, verdict, window.opens + DAY + MINUTE).await;
        receipt
    }
}

/// Runs statements behind the program's back, with nothing that holds references.
pub(crate) async fn tamper(url: &str, sql: &str) {
    if url.starts_with("sqlite") {
        let mut db = sqlx::SqliteConnection::connect(url).await.unwrap();
        db.execute("PRAGMA foreign_keys = OFF").await.unwrap();
        db.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        db.close().await.unwrap();
    } else {
        let mut db = sqlx::PgConnection::connect(url).await.unwrap();
        db.execute("SET session_replication_role = replica").await.unwrap();
        db.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
        db.close().await.unwrap();
    }
}

pub(crate) fn project(number: i64) -> ProjectNumber {
    ProjectNumber::new(number).unwrap()
}

pub(crate) fn new_semester(name: &SemesterName, first_lecture: jiff::civil::Date) -> NewSemester {
    let slugs = ["backprop", "regularise", "lif", "plasticity", "snn", "feedback", "continual"];
    NewSemester {
        name: name.clone(),
        first_lecture,
        rule: Rule::new(5, 7).unwrap(),
        daily_limit: 20,
        due_at: calendar::DUE_AT,
        projects: slugs.iter().map(|slug| (slug.parse().unwrap(), (*slug).to_owned())).collect(),
    }
}

pub(crate) fn student_row(n: u64) -> RosterRow {
    RosterRow {
        line: n + 2,
        family_name: format!("Family{n:03}"),
        first_name: format!("First{n:03}"),
        legi: Some(format!("{:08}", 20_000_000 + n).parse().unwrap()),
        email: format!("student{n}@ethz.example").parse().unwrap(),
        department: "D-INFK".into(),
        level: "MSc".into(),
        role: Role::Student,
    }
}

pub(crate) fn outcome(verdict: Verdict) -> Outcome {
    Outcome {
        verdict,
        seed: "5e".repeat(32),
        grader_version: "1.0.0-abc".into(),
        runtime: "r1".into(),
        failed: Vec::new(),
        report: "{}".into(),
    }
}
