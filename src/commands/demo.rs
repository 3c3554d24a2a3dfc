//! `testat demo`: a semester to look at, with submissions that are really graded.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use tokio::sync::watch;

use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::course::admission::Decision;
use crate::course::roster::RosterRow;
use crate::course::{Email, PersonId, ProjectNumber, Role, SemesterName, Verdict, calendar};
use crate::grading::worker::{Step, Worker, Workshop};
use crate::intake::archive::{self, ArchiveLimits};
use crate::intake::blobs::Blobs;
use crate::store::overrides::{self, What};
use crate::store::people::NewPerson;
use crate::store::semesters::{NewSemester, Project};
use crate::store::submissions::{self, NewSubmission};
use crate::store::{Db, people, roster, semesters};
use crate::web::passwords;

use super::{admin, open_store, rig, serve};

mod questions;
mod staff;

/// Known to everyone: a demo is for one's own machine.
pub const PASSWORD: &str = "seven projects, one testat";
const STUDENT: &str = "ada.lovelace@example.org";
const INSTRUCTOR: &str = "lecturer@example.org";
const ADMIN: &str = "office@example.org";

const HOUR_MS: Millis = 3_600_000;

/// When a demo student hands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// So many hours before the project is due.
    Before(Millis),
    /// So many hours after.
    After(Millis),
    /// So many hours ago.
    Ago(Millis),
    /// Just now, and not graded yet: the server finds it waiting.
    Now,
}

/// A project's number, a folder below its grader folder, and when.
type HandIn = (i64, &'static str, When);

/// One student of the demo.
struct Student {
    family: &'static str,
    first: &'static str,
    legi: &'static str,
    department: &'static str,
    /// In the order of time for each project.
    handed_in: &'static [HandIn],
    /// Projects that the lecturer records as passed.
    by_hand: &'static [i64],
}

const PYTHON: &str = "reference/python";
const RUST: &str = "reference/rust";

/// Admitted, open, out of reach, carried over; late, overridden, waiting: each is somebody here.
const STUDENTS: [Student; 12] = {
    use When::{After, Ago, Before, Now};
    [
        student(
            "Lovelace",
            "Ada",
            "21-111-001",
            "D-INFK",
            &[
                (1, "starter/python", Before(90)),
                (1, "wrong/grads/no-mean", Before(50)),
                (1, PYTHON, Before(20)),
                (2, PYTHON, Before(44)),
                (3, "wrong/voltage/euler", Before(70)),
                (3, PYTHON, Before(6)),
                (4, RUST, Before(30)),
                (5, "wrong/learn/read-out-only", Before(3)),
                (6, "wrong/run_fa/backpropagation", Before(12)),
                (7, "wrong/forget/fine-tuning", Ago(20)),
            ],
            &[],
        ),
        student(
            "Noether",
            "Emmy",
            "21-111-002",
            "D-MATH",
            &[
                (1, RUST, Before(70)),
                (2, PYTHON, Before(70)),
                (3, RUST, Before(80)),
                (4, PYTHON, Before(60)),
                (5, PYTHON, Before(50)),
                (6, PYTHON, Before(90)),
            ],
            &[],
        ),
        student(
            "Turing",
            "Alan",
            "21-111-003",
            "D-INFK",
            &[
                (1, "wrong/learn/output-layer-only", Before(4)),
                (2, PYTHON, Before(5)),
                (3, "wrong/fi/kilohertz", Before(9)),
                (6, "starter/python", Before(2)),
            ],
            &[],
        ),
        student("Ramón y Cajal", "Santiago", "21-111-004", "D-HEST", &[], &[]),
        student(
            "Hebb",
            "Donald",
            "21-111-005",
            "D-HEST",
            &[
                (1, PYTHON, After(30)),
                (3, PYTHON, Before(8)),
                (4, PYTHON, Before(100)),
                (5, RUST, Before(8)),
                (6, PYTHON, After(2)),
            ],
            &[2],
        ),
        student(
            "Franklin",
            "Rosalind",
            "21-111-006",
            "D-PHYS",
            &[
                (1, RUST, Before(12)),
                (2, PYTHON, Before(15)),
                (3, PYTHON, Before(22)),
                (4, PYTHON, Before(31)),
                (6, RUST, Before(28)),
                (7, PYTHON, Ago(5)),
            ],
            &[],
        ),
        student(
            "Meitner",
            "Lise",
            "21-111-007",
            "D-PHYS",
            &[
                (1, "wrong/repeatable/clock", Before(8)),
                (2, PYTHON, Before(10)),
                (3, PYTHON, Before(31)),
                (5, PYTHON, Before(17)),
                (6, PYTHON, Before(29)),
            ],
            &[1],
        ),
        student("Gödel", "Kurt", "21-111-008", "D-MATH", &[], &[]),
        student(
            "Hopper",
            "Grace",
            "21-111-009",
            "D-INFK",
            &[
                (1, "wrong/sgd/no-momentum", Before(30)),
                (1, PYTHON, Before(2)),
                (3, PYTHON, Before(40)),
                (4, PYTHON, Before(41)),
                (6, PYTHON, Before(42)),
                (7, PYTHON, Now),
            ],
            &[],
        ),
        student(
            "Curie",
            "Marie",
            "21-111-010",
            "D-PHYS",
            &[(1, PYTHON, Before(120)), (2, PYTHON, Before(3)), (4, PYTHON, After(50))],
            &[],
        ),
        student(
            "Schrödinger",
            "Erwin",
            "21-111-011",
            "D-ITET",
            &[
                (1, "wrong/forward/probabilities", Before(1)),
                (2, PYTHON, Before(21)),
                (4, "wrong/oja/is-hebb", Before(13)),
                (4, PYTHON, Before(12)),
                (5, PYTHON, Before(40)),
                (6, PYTHON, Before(11)),
                (7, PYTHON, Now),
            ],
            &[],
        ),
        student(
            "Kowalewskaja",
            "Sofja",
            "21-111-012",
            "D-MAVT",
            &[
                (1, "starter/rust", Before(40)),
                (2, RUST, Before(14)),
                (3, PYTHON, Before(16)),
                (5, PYTHON, Before(18)),
                (6, PYTHON, Before(19)),
                (7, RUST, Now),
            ],
            &[],
        ),
    ]
};

const fn student(
    family: &'static str,
    first: &'static str,
    legi: &'static str,
    department: &'static str,
    handed_in: &'static [HandIn],
    by_hand: &'static [i64],
) -> Student {
    Student { family, first, legi, department, handed_in, by_hand }
}

impl Student {
    fn email(&self) -> anyhow::Result<Email> {
        let plain = |name: &str| {
            let letters =
                name.to_lowercase().replace(['é', 'ó'], "o").replace('ö', "oe").replace(' ', "-");
            letters.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>()
        };
        Ok(format!("{}.{}@example.org", plain(self.first), plain(self.family)).parse()?)
    }
}

/// Fills the data folder if it has no semester; otherwise leaves it as it is.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    if config.smtp_url.is_some() {
        bail!("a demo's people do not exist, and no letters must go out to them: unset smtp_url");
    }
    let db = open_store(config).await?;
    if semesters::all(&db).await?.is_empty() {
        eprintln!("Filling a demo semester and grading its submissions; this takes some minutes.");
        fill(config, &db).await?;
    } else if people::by_email(&db, &STUDENT.parse()?).await?.is_none() {
        bail!(
            "{} holds a real semester; a demo needs a folder of its own",
            config.data_dir.display()
        );
    }
    println!("Sign in at http://{} with the password `{PASSWORD}` as", config.listen);
    println!("  student     {STUDENT}\n  instructor  {INSTRUCTOR}\n  admin       {ADMIN}");
    Ok(())
}

async fn fill(config: &Config, db: &Db) -> anyhow::Result<()> {
    // Opened first: without sandbox and runtime nothing is begun.
    let shop = serve::workshop(config, serve::read_graders(config)?).await?;
    rig::may_grade_others(config, &shop.rig)?;
    let office = add_person(db, ADMIN, "Office", "Course").await?;
    let today = Clock.now();
    let first = first_lecture(today)?;
    earlier_semester(config, db, first, &office).await?;
    let semester = add_semester(config, db, first, &office).await?;
    let lecturer = enrol(db, &semester, &office).await?;
    let stand = Stand { db, blobs: serve::open_blobs(config)?, shop, semester };
    stand.hand_in_and_grade().await?;
    for student in &STUDENTS {
        let person = known(db, &student.email()?).await?;
        for number in student.by_hand {
            record_by_hand(db, &stand.semester, &person, *number, &lecturer).await?;
        }
    }
    questions::ask(db, &stand.semester, &lecturer).await?;
    let student = known(db, &STUDENT.parse()?).await?;
    staff::look_through_first_project(db, &stand.semester, &student, &lecturer).await?;
    stand.leave_waiting().await
}

/// Where the demo's students hand in.
struct Stand<'a> {
    db: &'a Db,
    blobs: Blobs,
    shop: Arc<Workshop>,
    semester: SemesterName,
}

impl Stand<'_> {
    /// First everyone's first, then everyone's second: a newer one would replace one that waits.
    async fn hand_in_and_grade(&self) -> anyhow::Result<()> {
        let mut round = 0;
        loop {
            let mut any = false;
            for student in &STUDENTS {
                let mut own = student.handed_in.iter().filter(|(.., when)| *when != When::Now);
                if let Some(hand_in) = own.nth(round) {
                    self.hand_in(student, hand_in).await?;
                    any = true;
                }
            }
            if !any {
                return Ok(());
            }
            self.grade_all().await?;
            round += 1;
        }
    }

    async fn leave_waiting(&self) -> anyhow::Result<()> {
        for student in &STUDENTS {
            for hand_in in student.handed_in.iter().filter(|(.., when)| *when == When::Now) {
                self.hand_in(student, hand_in).await?;
            }
        }
        Ok(())
    }

    /// As an upload would come, at a time of the past.
    async fn hand_in(&self, student: &Student, hand_in: &HandIn) -> anyhow::Result<()> {
        let (number, solution, when) = hand_in;
        let projects = semesters::projects(self.db, &self.semester).await?;
        let project = projects
            .into_iter()
            .find(|project| project.number.get() == *number)
            .with_context(|| format!("no project {number}"))?;
        let grader = self.shop.graders.get(project.slug.as_str());
        let grader = grader.with_context(|| format!("no grader for {}", project.slug.as_str()))?;
        let at = match when {
            When::Before(hours) => project.due - hours * HOUR_MS,
            When::After(hours) => project.due + hours * HOUR_MS,
            When::Ago(hours) => Clock.now() - hours * HOUR_MS,
            When::Now => Clock.now(),
        };
        let person = known(self.db, &student.email()?).await?;
        upload(self.db, &self.blobs, &project, &person, &grader.folder.join(solution), at).await
    }

    /// With two workers, as a small server has.
    async fn grade_all(&self) -> anyhow::Result<()> {
        let work = |number| {
            let worker = Worker::new(self.shop.clone(), number);
            async move { until_idle(&worker).await }
        };
        tokio::try_join!(work(0), work(1))?;
        Ok(())
    }
}

/// The Wednesday that puts today a few days into project 7.
fn first_lecture(now: Millis) -> anyhow::Result<Date> {
    let today =
        jiff::Timestamp::from_millisecond(now)?.to_zoned_datetime(calendar::zurich()).date();
    let mut day = today.checked_sub(86.days())?;
    while day.weekday() != Weekday::Wednesday {
        day = day.yesterday()?;
    }
    Ok(day)
}

fn name_of(first: Date) -> anyhow::Result<SemesterName> {
    let half = if first.month() >= 8 || first.month() == 1 { "HS" } else { "FS" };
    Ok(format!("{half}{}", first.year()).parse()?)
}

async fn add_semester(
    config: &Config,
    db: &Db,
    first: Date,
    by: &PersonId,
) -> anyhow::Result<SemesterName> {
    let projects = admin::semester::course_projects(config)?;
    let new = NewSemester {
        name: name_of(first)?,
        first_lecture: first,
        rule: admin::semester::rule(5, &projects)?,
        daily_limit: 20,
        due_at: calendar::DUE_AT,
        projects,
    };
    semesters::create(db, &new, Some(by), Clock.now()).await?;
    Ok(new.name)
}

/// One student was admitted a year ago, which holds.
async fn earlier_semester(
    config: &Config,
    db: &Db,
    first: Date,
    by: &PersonId,
) -> anyhow::Result<()> {
    let semester = add_semester(config, db, first.checked_sub(52.weeks())?, by).await?;
    let student = &STUDENTS[7];
    let rows = [row(
        2,
        student.family,
        student.first,
        Some(student.legi),
        student.email()?,
        student.department,
        Role::Student,
    )?];
    roster::import(db, &semester, &rows, Some(by), Clock.now()).await?;
    let person = known(db, &student.email()?).await?;
    let reason = "Admitted by the list of that semester".parse()?;
    overrides::decide(
        db,
        &semester,
        &person,
        What::Admission(Decision::Admitted),
        &reason,
        by,
        Clock.now(),
    )
    .await?;
    Ok(())
}

async fn add_person(db: &Db, email: &str, family: &str, first: &str) -> anyhow::Result<PersonId> {
    let new = NewPerson {
        email: email.parse()?,
        family_name: family.to_owned(),
        first_name: first.to_owned(),
        admin: true,
    };
    let person = people::create(db, &new, None, Clock.now()).await?;
    set_password(db, &person).await?;
    Ok(person)
}

async fn set_password(db: &Db, person: &PersonId) -> anyhow::Result<()> {
    let hash = passwords::hash_now(PASSWORD)
        .map_err(|fault| anyhow::anyhow!("hashing a password: {fault}"))?;
    people::set_password(db, person, &hash, None, Clock.now()).await?;
    Ok(())
}

/// Everyone into the semester; the lecturer comes back.
async fn enrol(db: &Db, semester: &SemesterName, by: &PersonId) -> anyhow::Result<PersonId> {
    let mut rows =
        vec![row(2, "Grewe", "Benjamin", None, INSTRUCTOR.parse()?, "D-ITET", Role::Instructor)?];
    for (place, student) in STUDENTS.iter().enumerate() {
        let line = place as u64 + 3;
        rows.push(row(
            line,
            student.family,
            student.first,
            Some(student.legi),
            student.email()?,
            student.department,
            Role::Student,
        )?);
    }
    roster::import(db, semester, &rows, Some(by), Clock.now()).await?;
    for email in [STUDENT, INSTRUCTOR] {
        set_password(db, &known(db, &email.parse()?).await?).await?;
    }
    known(db, &INSTRUCTOR.parse()?).await
}

fn row(
    line: u64,
    family: &str,
    first: &str,
    legi: Option<&str>,
    email: Email,
    department: &str,
    role: Role,
) -> anyhow::Result<RosterRow> {
    Ok(RosterRow {
        line,
        family_name: family.to_owned(),
        first_name: first.to_owned(),
        legi: legi.map(str::parse).transpose()?,
        email,
        department: department.to_owned(),
        level: if role == Role::Student { "MSc".to_owned() } else { String::new() },
        role,
    })
}

async fn known(db: &Db, email: &Email) -> anyhow::Result<PersonId> {
    Ok(people::by_email(db, email).await?.with_context(|| format!("nobody is {email}"))?.id)
}

/// As an upload would come.
async fn upload(
    db: &Db,
    blobs: &Blobs,
    project: &Project,
    person: &PersonId,
    folder: &Path,
    at: Millis,
) -> anyhow::Result<()> {
    let mut incoming = blobs.begin(ArchiveLimits::default().packed).await?;
    incoming.write(pack(folder)?.into()).await.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let received = incoming.finish().await?;
    let manifest = archive::inspect(received.file(), "submission.tar", &ArchiveLimits::default())
        .with_context(|| folder.display().to_string())?;
    let digest = blobs.put(&received).await?;
    let new = NewSubmission {
        semester: project.semester.clone(),
        project: project.number,
        person: person.clone(),
        digest,
        size: i64::try_from(received.bytes()).context("an archive's size")?,
        file_name: "submission.tar".to_owned(),
        language: manifest.language,
        received_at: at,
    };
    submissions::insert(db, &new, at).await?;
    Ok(())
}

fn pack(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all("submission", folder).with_context(|| folder.display().to_string())?;
    Ok(tar.into_inner()?)
}

async fn until_idle(worker: &Worker) -> anyhow::Result<()> {
    let (_never, mut stop) = watch::channel(false);
    loop {
        match worker.step(&mut stop).await? {
            Step::Idle => return Ok(()),
            Step::Recorded => eprint!("."),
            step => bail!("a demo submission could not be graded ({step:?}); the log says why"),
        }
    }
}

async fn record_by_hand(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
    number: i64,
    by: &PersonId,
) -> anyhow::Result<()> {
    let number = ProjectNumber::new(number).context("a project's number")?;
    let reason = "Shown to the assistants in the exercise".parse()?;
    overrides::decide(
        db,
        semester,
        person,
        What::Result(number, Verdict::Passed),
        &reason,
        by,
        Clock.now(),
    )
    .await?;
    Ok(())
}
