//! The fixed cost of one grading: from claim to stored verdict, less what the subject itself was
//! waited for. Prints medians a phase; run by `make bench`.
#![expect(clippy::unwrap_used, reason = "a bench that can't go on stops")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use testat::clock::Clock;
use testat::commands::{admin, open_store, rig, serve};
use testat::config::Config;
use testat::course::admission::Rule;
use testat::course::roster::RosterRow;
use testat::course::{Language, ProjectNumber, Role, SemesterName, calendar};
use testat::grading::seed::ServerKey;
use testat::grading::worker::{Step, Worker, Workshop};
use testat::store::semesters::NewSemester;
use testat::store::submissions::{self, NewSubmission};
use testat::store::{Db, people, roster, semesters};
use testat_kit::report::Report;
use tokio::sync::watch;

const ROUNDS: usize = 21;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn config(data: &Path) -> Config {
    let programs = Path::new(env!("CARGO_BIN_EXE_testat")).parent().unwrap().display().to_string();
    let variables = [
        ("TESTAT_DATA_DIR", data.display().to_string()),
        ("TESTAT_GRADERS", root().join("graders").display().to_string()),
        ("TESTAT_HARNESS_DIR", programs),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    Config::from(&data.join("none.toml"), variables).unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn semester(config: &Config, db: &Db, now: i64) -> SemesterName {
    let today = jiff::Timestamp::from_millisecond(now).unwrap();
    let name: SemesterName = "HS2026".parse().unwrap();
    let new = NewSemester {
        name: name.clone(),
        first_lecture: today.to_zoned_datetime(calendar::zurich()).date(),
        rule: Rule::new(5, calendar::PROJECTS).unwrap(),
        daily_limit: 1000,
        due_at: calendar::DUE_AT,
        projects: admin::semester::course_projects(config).unwrap(),
    };
    semesters::create(db, &new, None, now).await.unwrap();
    let row = RosterRow {
        line: 2,
        family_name: "Bench".to_owned(),
        first_name: "Student".to_owned(),
        legi: Some("12-345-678".parse().unwrap()),
        email: "bench@example.org".parse().unwrap(),
        department: "D-INFK".to_owned(),
        level: "MSc".to_owned(),
        role: Role::Student,
    };
    roster::import(db, &name, &[row], None, now).await.unwrap();
    name
}

async fn submission(config: &Config, db: &Db, now: i64) -> NewSubmission {
    let semester = semester(config, db, now).await;
    let email = "bench@example.org".parse().unwrap();
    let person = people::by_email(db, &email).await.unwrap().unwrap().id;
    let blobs = serve::open_blobs(config).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all("submission", root().join("graders/1-backprop/reference/python")).unwrap();
    let mut upload = blobs.begin(20 << 20).await.unwrap();
    upload.write(tar.into_inner().unwrap().into()).await.unwrap();
    let received = upload.finish().await.unwrap();
    NewSubmission {
        semester,
        project: ProjectNumber::new(1).unwrap(),
        person,
        digest: blobs.put(&received).await.unwrap(),
        size: i64::try_from(received.bytes()).unwrap(),
        file_name: "submission.tar".to_owned(),
        language: Language::Python,
        received_at: now,
    }
}

async fn bench() {
    let data = tempfile::tempdir().unwrap();
    let config = config(data.path());
    let db = open_store(&config).await.unwrap();
    let submission = submission(&config, &db, Clock.now()).await;
    let shop = Arc::new(Workshop {
        db: db.clone(),
        blobs: serve::open_blobs(&config).unwrap(),
        rig: rig::open(&config, true).await.unwrap(),
        graders: serve::read_graders(&config).unwrap(),
        key: ServerKey::open(data.path()).unwrap(),
        clock: Clock,
    });
    let worker = Worker::new(shop, 0);
    let (_stop, mut stopped) = watch::channel(false);
    let mut phases: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let receipt = submissions::insert(&db, &submission, submission.received_at).await.unwrap();
        let begun = Instant::now();
        assert_eq!(worker.step(&mut stopped).await.unwrap(), Step::Recorded);
        let whole = begun.elapsed().as_secs_f64() * 1e3;
        let json = submissions::report(&db, &receipt.grading).await.unwrap().unwrap();
        let report: Report = serde_json::from_str(&json).unwrap();
        let phase = |name: &str| report.usage.phases.get(name).copied().unwrap_or_default();
        let (claim, unpack, start, grade) =
            (phase("claim"), phase("unpack"), phase("start"), phase("grade"));
        let subject = phase("subject");
        for (name, ms) in [
            ("1 claim", claim),
            ("2 unpack", unpack),
            ("3 start", start),
            ("4 grade, less the subject", grade - subject),
            ("5 store", whole - claim - unpack - start - grade),
            ("6 fixed cost: 1 to 5", whole - subject),
            ("7 the subject", subject),
        ] {
            phases.entry(name).or_default().push(ms);
        }
    }
    println!(
        "One grading of the Python reference of project 1, {ROUNDS} rounds, ms at the median:"
    );
    for (name, mut values) in phases {
        println!("  {name:<28} {:8.1}", median(&mut values));
    }
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(bench());
}
