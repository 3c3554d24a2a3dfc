//! A search for copies among 2,000 submissions of one project, from the claim to the stored pairs: seconds,
//! and the most memory that the process had. Prints a table; run by `make bench`.
#![expect(clippy::unwrap_used, reason = "a bench that can't go on stops")]

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testat::clock::Clock;
use testat::commands::admin::semester::{course_projects, rule};
use testat::commands::starter;
use testat::config::Config;
use testat::copies::job::{self, Desk};
use testat::course::{Language, PersonId, SemesterName, calendar};
use testat::intake::blobs::Blobs;
use testat::store::semesters::{self, NewSemester, Project};
use testat::store::submissions::{self, NewSubmission};
use testat::store::{Db, copies, copy_pairs, people, roster};

const STUDENTS: usize = 2_000;
/// Every so many students hand in somebody else's program under other names.
const COPIES: usize = 50;
/// Functions of each program: some 300 lines.
const FUNCTIONS: usize = 24;

/// A program of one's own, drawn from a seed: functions of statements as a course project has them.
fn program(seed: u64, names: u64) -> String {
    let mut draw = ChaCha8Rng::seed_from_u64(seed);
    let mut text = "import numpy as np\n\n".to_owned();
    for function in 0..FUNCTIONS {
        text += &format!("\ndef part_{names}_{function}(x{names}, w{names}, rate):\n");
        for _ in 0..draw.random_range(6..14) {
            text += &statement(&mut draw, names);
        }
        text += &format!("    return x{names}\n");
    }
    text
}

fn statement(draw: &mut ChaCha8Rng, names: u64) -> String {
    let (x, w) = (format!("x{names}"), format!("w{names}"));
    let sign = ["+", "-", "*", "@", "/"][draw.random_range(0..5)];
    let other = ["+", "-", "*", "**"][draw.random_range(0..4)];
    match draw.random_range(0..10) {
        0 => format!("    {x} = {x} {sign} {w} {other} rate\n"),
        1 => format!("    {w} = np.where({x} > 0, {x} {sign} rate, {w})\n"),
        2 => format!("    for i in range(len({w})):\n        {x}[i] {sign}= {w}[i] {other} 2\n"),
        3 => format!("    {x} = np.exp({x} {sign} {x}.max(axis=1, keepdims=True))\n"),
        4 => format!("    if {x}.sum() {other} rate > {w}.mean():\n        {w} = {w} {sign} {x}\n"),
        5 => format!("    {x}, {w} = {w} {sign} {x}, {x} {other} 0.5\n"),
        6 => format!("    {w} = [{x} {sign} a for a in {w} if a {other} rate > 0]\n"),
        7 => format!("    {x} = np.clip({x} {sign} {w}, -1.0, rate {other} 3)\n"),
        8 => format!("    while rate > 1:\n        rate = rate {sign} {x}.std() {other} 2\n"),
        _ => format!("    {x} = ({x} {sign} {x}.mean(axis=0)) {other} ({w} + 1e-8)\n"),
    }
}

fn zipped(kit: &[u8], text: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    // As students do: the whole kit, with their own solution in it.
    let mut given = zip::ZipArchive::new(std::io::Cursor::new(kit)).unwrap();
    let options = zip::write::SimpleFileOptions::default();
    for at in 0..given.len() {
        let mut file = given.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        if file.is_file() && !name.ends_with("/solution.py") {
            zip.start_file(name, options).unwrap();
            std::io::copy(&mut file, &mut zip).unwrap();
        }
    }
    zip.start_file("backprop-python/solution.py", options).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

fn config(data: &Path) -> Config {
    let graders = concat!(env!("CARGO_MANIFEST_DIR"), "/graders").to_owned();
    let variables = [("TESTAT_GRADERS".to_owned(), graders)];
    Config::from(&data.join("none.toml"), variables.into_iter()).unwrap()
}

async fn semester(db: &Db, config: &Config) -> (SemesterName, Project) {
    let now = Clock.now();
    let name: SemesterName = "HS2026".parse().unwrap();
    let projects = course_projects(config).unwrap();
    let today = jiff::Timestamp::from_millisecond(now).unwrap();
    let new = NewSemester {
        name: name.clone(),
        first_lecture: today.to_zoned_datetime(calendar::zurich()).date(),
        rule: rule(5, &projects).unwrap(),
        daily_limit: 1_000,
        due_at: calendar::DUE_AT,
        projects,
    };
    semesters::create(db, &new, None, now).await.unwrap();
    let head = "family name,first name,Legi number,e-mail,department,level,role\n".to_owned();
    let line = |at: usize| {
        let legi = format!("90-{:03}-{:03}", at / 1000, at % 1000);
        format!("Family{at:04},First,{legi},student{at}@example.org,D-ITET,MSc,student\n")
    };
    let csv: String = std::iter::once(head).chain((0..STUDENTS).map(line)).collect();
    let rows = testat::intake::roster::read(csv.as_bytes()).unwrap();
    roster::import(db, &name, &rows, None, now).await.unwrap();
    let project = semesters::projects(db, &name).await.unwrap().remove(0);
    (name, project)
}

async fn hand_in(desk: &Desk, project: &Project, person: &PersonId, bytes: Vec<u8>) {
    let mut upload = desk.blobs.begin(u64::MAX).await.unwrap();
    let size = i64::try_from(bytes.len()).unwrap();
    upload.write(bytes.into()).await.unwrap();
    let received = upload.finish().await.unwrap();
    let digest = desk.blobs.put(&received).await.unwrap();
    let new = NewSubmission {
        semester: "HS2026".parse().unwrap(),
        project: project.number,
        person: person.clone(),
        digest,
        size,
        file_name: "backprop-python.zip".to_owned(),
        language: Language::Python,
        received_at: project.opens.max(Clock.now()),
    };
    submissions::insert(&desk.db, &new, new.received_at).await.unwrap();
}

/// The most memory that this process has had, in MiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

async fn bench() {
    let data = tempfile::tempdir_in("/dev/shm").unwrap();
    let config = config(data.path());
    let url = format!("sqlite://{}", data.path().join("testat.db").display());
    let db = Db::connect(&url).await.unwrap();
    db.migrate().await.unwrap();
    let (name, project) = semester(&db, &config).await;
    let blobs = data.path().join("blobs").display().to_string();
    let desk = Desk {
        db: db.clone(),
        blobs: Blobs::open(&blobs, &data.path().join("incoming")).unwrap(),
        clock: Clock,
        starters: starter::all(&config).unwrap(),
    };
    let is_given = |kit: &&testat::export::starter::Starter| {
        kit.slug == project.slug && kit.language == Language::Python
    };
    let kit = desk.starters.iter().find(is_given).unwrap().bytes.clone();
    let students = people::all(&db).await.unwrap();
    let mut lines = 0;
    for (at, student) in students.iter().enumerate() {
        let seed = if at % COPIES == 1 { at - 1 } else { at };
        let text = program(u64::try_from(seed).unwrap(), u64::try_from(at).unwrap());
        lines += text.lines().count();
        hand_in(&desk, &project, &student.id, zipped(&kit, &text)).await;
    }
    let before = peak();
    let by = students[0].id.clone();
    copies::ask(&db, &name, project.number, &by, Clock.now()).await.unwrap();
    let begun = Instant::now();
    assert!(job::step(&desk).await.unwrap());
    let seconds = begun.elapsed().as_secs_f64();
    let (_, done) = copies::last(&db, &name, project.number).await.unwrap();
    let pairs = copy_pairs::of_run(&db, &done.unwrap().id).await.unwrap();
    let sure = pairs.iter().filter(|pair| pair.left_share.min(pair.right_share) >= 900).count();
    println!(
        "\n{STUDENTS} submissions, {} lines each, the starter kit around them.\n",
        lines / STUDENTS
    );
    println!("| | |\n|---|---|");
    println!("| seconds | {seconds:.1} |");
    println!("| memory at most, before and after, MiB | {before:.0}, {:.0} |", peak());
    println!("| pairs kept | {} |", pairs.len());
    println!("| copies under other names that were found | {sure} of {} |", STUDENTS / COPIES);
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(bench());
}
