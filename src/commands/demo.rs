//! `testat demo`: a semester to look at, with submissions that are really graded.

use std::path::Path;

use anyhow::{Context, bail};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use tokio::sync::watch;

use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::course::admission::{Decision, Rule};
use crate::course::roster::RosterRow;
use crate::course::{Email, PersonId, ProjectNumber, Role, SemesterName, Verdict, calendar};
use crate::grading::worker::{Step, Worker};
use crate::intake::archive::{self, ArchiveLimits};
use crate::intake::blobs::Blobs;
use crate::store::overrides::{self, What};
use crate::store::people::NewPerson;
use crate::store::semesters::{NewSemester, Project};
use crate::store::submissions::{self, NewSubmission};
use crate::store::{Db, people, roster, semesters};
use crate::web::passwords;

use super::{admin, open_store, rig, serve};

/// Known to everyone: a demo is for one's own machine.
const PASSWORD: &str = "demo-password";
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
}

/// One student of the demo.
struct Student {
    family: &'static str,
    first: &'static str,
    legi: &'static str,
    department: &'static str,
    /// What they handed in for project 1: a folder below its grader folder.
    handed_in: &'static [(&'static str, When)],
    /// Projects recorded as passed by hand, as for those whose graders are not installed.
    by_hand: &'static [i64],
}

const STUDENTS: [Student; 12] = {
    use When::{After, Before};
    [
        student(
            "Lovelace",
            "Ada",
            "21-111-001",
            "D-INFK",
            &[
                ("starter/python", Before(90)),
                ("wrong/grads/no-mean", Before(50)),
                ("reference/python", Before(20)),
            ],
            &[2, 3],
        ),
        student(
            "Noether",
            "Emmy",
            "21-111-002",
            "D-MATH",
            &[("reference/rust", Before(70))],
            &[2, 3, 4, 5],
        ),
        student(
            "Turing",
            "Alan",
            "21-111-003",
            "D-INFK",
            &[("wrong/learn/output-layer-only", Before(4))],
            &[2, 4],
        ),
        student("Ramón y Cajal", "Santiago", "21-111-004", "D-HEST", &[], &[]),
        student(
            "Hebb",
            "Donald",
            "21-111-005",
            "D-HEST",
            &[("reference/python", After(30))],
            &[2, 3, 4],
        ),
        student(
            "Franklin",
            "Rosalind",
            "21-111-006",
            "D-PHYS",
            &[("reference/rust", Before(12))],
            &[2, 3, 4],
        ),
        student(
            "Meitner",
            "Lise",
            "21-111-007",
            "D-PHYS",
            &[("wrong/repeatable/clock", Before(8))],
            &[1, 2, 3],
        ),
        student("Gödel", "Kurt", "21-111-008", "D-MATH", &[], &[]),
        student(
            "Hopper",
            "Grace",
            "21-111-009",
            "D-INFK",
            &[("wrong/sgd/no-momentum", Before(30)), ("reference/python", Before(2))],
            &[3],
        ),
        student(
            "Curie",
            "Marie",
            "21-111-010",
            "D-PHYS",
            &[("reference/python", Before(120))],
            &[2, 4],
        ),
        student(
            "Schrödinger",
            "Erwin",
            "21-111-011",
            "D-ITET",
            &[("wrong/forward/probabilities", Before(1))],
            &[2, 3],
        ),
        student(
            "Kowalewskaja",
            "Sofja",
            "21-111-012",
            "D-MAVT",
            &[("starter/rust", Before(40))],
            &[4],
        ),
    ]
};

const fn student(
    family: &'static str,
    first: &'static str,
    legi: &'static str,
    department: &'static str,
    handed_in: &'static [(&'static str, When)],
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
    let db = open_store(config).await?;
    if semesters::all(&db).await?.is_empty() {
        eprintln!("Filling a demo semester and grading its submissions; this takes a minute.");
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
    let project =
        semesters::projects(db, &semester).await?.into_iter().next().context("no project 1")?;
    let blobs = serve::open_blobs(config)?;
    let folder =
        shop.graders.get(project.slug.as_str()).context("the grader of project 1")?.folder.clone();
    for student in &STUDENTS {
        let person = known(db, &student.email()?).await?;
        for (solution, when) in student.handed_in {
            let at = match when {
                When::Before(hours) => project.due - hours * HOUR_MS,
                When::After(hours) => project.due + hours * HOUR_MS,
            };
            hand_in(db, &blobs, &project, &person, &folder.join(solution), at).await?;
            // Graded before the next: a newer one would replace one that waits.
            grade_all(&Worker::new(shop.clone(), 0)).await?;
        }
        for number in student.by_hand {
            record_by_hand(db, &semester, &person, *number, &lecturer).await?;
        }
    }
    Ok(())
}

/// The Wednesday that puts today a few days into project 5.
fn first_lecture(now: Millis) -> anyhow::Result<Date> {
    let today =
        jiff::Timestamp::from_millisecond(now)?.to_zoned_datetime(calendar::zurich()).date();
    let mut day = today.checked_sub(58.days())?;
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
    let new = NewSemester {
        name: name_of(first)?,
        first_lecture: first,
        rule: Rule::new(5, calendar::PROJECTS)?,
        daily_limit: 20,
        due_at: calendar::DUE_AT,
        projects: admin::course_projects(config)?,
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

/// As an upload would come, at a time of the past.
async fn hand_in(
    db: &Db,
    blobs: &Blobs,
    project: &Project,
    person: &PersonId,
    folder: &Path,
    at: Millis,
) -> anyhow::Result<()> {
    let mut upload = blobs.begin(ArchiveLimits::default().packed).await?;
    upload.write(pack(folder)?.into()).await.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let received = upload.finish().await?;
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

async fn grade_all(worker: &Worker) -> anyhow::Result<()> {
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
