//! The class page of 2,000 students with 60,000 submissions, beside the same server's `/healthz`: how long
//! an answer takes over loopback. Prints a table; run by `make bench`.
#![expect(clippy::unwrap_used, reason = "a bench that can't go on stops")]
#![expect(clippy::disallowed_methods, reason = "a bench starts programs and looks at the clock")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use testat::clock::Clock;
use testat::commands::admin::semester::{course_projects, rule};
use testat::config::Config;
use testat::course::{Digest, Language, PersonId, SemesterName, Verdict, calendar};
use testat::store::people::{self, NewPerson};
use testat::store::semesters::{self, NewSemester, Project};
use testat::store::submissions::{self, NewSubmission};
use testat::store::{Db, queue, roster, sessions};

const STUDENTS: usize = 2_000;
const SUBMISSIONS: usize = 60_000;
/// Looks at each address; the 99th percentile is the 20th slowest of all of a row.
const ROUNDS: usize = 250;
const DAY: i64 = 24 * 60 * 60 * 1000;
const SEMESTER: &str = "HS2026";

/// Different parts of the page's work: all, far on, sorted, narrowed, searched, with names hidden.
const ADDRESSES: [&str; 8] = [
    "",
    "?page=40",
    "?sort=-passed",
    "?sort=3&page=7",
    "?show=at_risk",
    "?project=2&is=failed",
    "?q=family12",
    "?names=hidden&sort=admission",
];

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn started(data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_testat"))
            .args(["serve"])
            .env("TESTAT_DATA_DIR", data)
            .env("TESTAT_WORKERS", "0")
            .env("TESTAT_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.contains("http://")).unwrap();
        let (_, address) = line.rsplit_once(' ').unwrap();
        Self { process, address: address.to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn config(data: &Path) -> Config {
    let graders = concat!(env!("CARGO_MANIFEST_DIR"), "/graders").to_owned();
    let variables = [("TESTAT_GRADERS".to_owned(), graders)];
    Config::from(&data.join("none.toml"), variables.into_iter()).unwrap()
}

fn csv() -> String {
    let head = "family name,first name,Legi number,e-mail,department,level,role\n".to_owned();
    let line = |at: usize| {
        let legi = format!("90-{:03}-{:03}", at / 1000, at % 1000);
        format!("Family{at:04},First,{legi},student{at}@example.org,D-ITET,MSc,student\n")
    };
    std::iter::once(head).chain((0..STUDENTS).map(line)).collect()
}

/// A semester in its last weeks, so that most windows are past.
async fn semester(db: &Db, data: &Path) -> (SemesterName, Vec<Project>) {
    let (config, now) = (config(data), Clock.now());
    let name: SemesterName = SEMESTER.parse().unwrap();
    let projects = course_projects(&config).unwrap();
    let begun = jiff::Timestamp::from_millisecond(now - 80 * DAY).unwrap();
    let new = NewSemester {
        name: name.clone(),
        first_lecture: begun.to_zoned_datetime(calendar::zurich()).date(),
        rule: rule(5, &projects).unwrap(),
        daily_limit: 1_000,
        due_at: calendar::DUE_AT,
        projects,
    };
    semesters::create(db, &new, None, now).await.unwrap();
    let rows = testat::intake::roster::read(csv().as_bytes()).unwrap();
    roster::import(db, &name, &rows, None, now).await.unwrap();
    let projects = semesters::projects(db, &name).await.unwrap();
    (name, projects)
}

/// One submission with its verdict: three in four are failed.
async fn graded(db: &Db, semester: &SemesterName, project: &Project, person: &PersonId, at: usize) {
    let days = i64::try_from(at / STUDENTS).unwrap() % 12;
    let received_at = (project.opens + days * DAY).min(Clock.now());
    let new = NewSubmission {
        semester: semester.clone(),
        project: project.number,
        person: person.clone(),
        digest: Digest::of(b"an archive"),
        size: 10,
        file_name: "solution.py".to_owned(),
        language: Language::Python,
        received_at,
    };
    submissions::insert(db, &new, received_at).await.unwrap();
    let lease = queue::claim(db, "bench", received_at, i64::MAX).await.unwrap().unwrap();
    let outcome = queue::Outcome {
        verdict: if (at * 7919 + at / STUDENTS).is_multiple_of(4) {
            Verdict::Passed
        } else {
            Verdict::Failed
        },
        seed: "0".repeat(64),
        grader_version: "1.0.0-bench".to_owned(),
        runtime: "none".to_owned(),
        failed: Vec::new(),
        report: "{}".to_owned(),
    };
    let held = queue::record(db, &lease, &outcome, received_at + 1_000).await.unwrap();
    assert_eq!(held, queue::Held::Yes);
}

async fn filled(data: &Path) -> (Db, SemesterName, Vec<Project>, Vec<PersonId>) {
    let db = Db::connect(&format!("sqlite://{}", data.join("testat.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    let (name, projects) = semester(&db, data).await;
    let students: Vec<PersonId> =
        people::all(&db).await.unwrap().into_iter().map(|person| person.id).collect();
    let open: Vec<&Project> = projects.iter().filter(|one| one.opens < Clock.now()).collect();
    for at in 0..SUBMISSIONS {
        let project = open[(at / STUDENTS) % open.len()];
        graded(&db, &name, project, &students[at % STUDENTS], at).await;
        if at.is_multiple_of(10_000) {
            eprintln!("{at} of {SUBMISSIONS} submissions");
        }
    }
    (db, name, projects, students)
}

async fn session(db: &Db) -> String {
    let office = NewPerson {
        email: "office@example.org".parse().unwrap(),
        family_name: "Office".to_owned(),
        first_name: "Course".to_owned(),
        admin: true,
    };
    let person = people::create(db, &office, None, Clock.now()).await.unwrap();
    let secret = testat::secret::fresh();
    sessions::create(db, &secret.hash, &person, Clock.now()).await.unwrap();
    format!("testat={}", secret.text)
}

struct Asking {
    client: reqwest::Client,
    address: String,
    cookie: String,
}

impl Asking {
    /// Milliseconds from the request to the last byte.
    async fn one(&self, path: &str) -> f64 {
        let begun = Instant::now();
        let request = self.client.get(format!("{}{path}", self.address));
        let response = request.header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap();
        begun.elapsed().as_secs_f64() * 1e3
    }
}

fn row(what: &str, mut times: Vec<f64>, beside: Option<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    let beside = beside.unwrap_or(at(50));
    println!(
        "| {what} | {:.2} | {:.2} | {:.2} | {:.0} |",
        at(50),
        at(99),
        at(100),
        at(50) / beside
    );
    at(50)
}

async fn bench() {
    // In memory: 180,000 transactions wait for no disk.
    let data = tempfile::tempdir_in("/dev/shm").unwrap();
    let (db, semester, projects, students) = filled(data.path()).await;
    let cookie = session(&db).await;
    let server = Server::started(data.path());
    let asking = Asking { client: reqwest::Client::new(), address: server.address.clone(), cookie };
    let class: Vec<String> =
        ADDRESSES.iter().map(|query| format!("/class/{SEMESTER}{query}")).collect();
    let first = asking.one(&class[0]).await;

    println!("\n{STUDENTS} students, {SUBMISSIONS} submissions; milliseconds over loopback.\n");
    println!("| | median | 99 % | slowest | x `/healthz` |\n|---|---|---|---|---|");
    let mut times = Vec::new();
    for _ in 0..ROUNDS * class.len() {
        times.push(asking.one("/healthz").await);
    }
    let beside = row("`/healthz`", times.clone(), None);
    times.clear();
    for _ in 0..ROUNDS {
        for path in &class {
            times.push(asking.one(path).await);
        }
    }
    row("class page", times.clone(), Some(beside));
    times.clear();
    for (at, student) in students.iter().enumerate().take(ROUNDS) {
        for path in &class {
            graded(&db, &semester, &projects[0], student, at).await;
            times.push(asking.one(path).await);
        }
    }
    row("class page, a verdict before each look", times, Some(beside));
    println!("\nThe first look after a start, which reckons every student: {first:.0} ms.");
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(bench());
}
