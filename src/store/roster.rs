//! Who takes part in a semester, and the import of a whole class at once.

use serde_json::{Value, json};

use super::arg::args;
use super::audit::{self, Entry};
pub use super::roster_plan::{Change, FieldChange, RowFault};
use super::roster_plan::{Known, Step, plan};
use super::{Db, Error, Tx};
pub use crate::course::roster::RosterRow;
use crate::course::{Email, EnrolmentId, Legi, PersonId, Role, SemesterName};

/// A person in one semester.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Enrolled {
    /// The enrolment.
    pub id: EnrolmentId,
    /// Who.
    pub person: PersonId,
    /// Family name.
    pub family_name: String,
    /// First name.
    pub first_name: String,
    /// E-mail address.
    pub email: Email,
    /// Student or instructor.
    pub role: Role,
    /// Legi number; every student has one.
    pub legi: Option<Legi>,
    /// Department.
    pub department: String,
    /// Level of study.
    pub level: String,
    /// Whether they have set a password.
    pub has_password: bool,
}

/// What an import did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// In the order of the file.
    pub rows: Vec<ImportedRow>,
}

/// What one row did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedRow {
    /// Its line in the file.
    pub line: u64,
    /// Who; none for a person that a dry run would create.
    pub person: Option<PersonId>,
    /// E-mail address, as in the file.
    pub email: Email,
    /// What changes.
    pub change: Change,
}

impl Imported {
    /// How many rows were added, changed and unchanged.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&Change) -> bool| {
            self.rows.iter().filter(|row| wanted(&row.change)).count()
        };
        (
            count(|change| matches!(change, Change::Added { .. })),
            count(|change| matches!(change, Change::Changed(_))),
            count(|change| matches!(change, Change::Unchanged)),
        )
    }
}

/// Nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No such semester.
    #[error("there is no semester {0}")]
    NoSuchSemester(SemesterName),
    /// These rows can't be imported, so none was.
    #[error("{} of the rows can't be imported", .0.len())]
    Rows(Vec<RowFault>),
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Says what an import would do, and does nothing.
///
/// # Errors
/// When the semester is unknown, rows can't be imported, or it can't be read.
pub async fn dry_run(
    db: &Db,
    semester: &SemesterName,
    rows: &[RosterRow],
) -> Result<Imported, ImportError> {
    let mut tx = db.begin().await?;
    let known = known(&mut tx, semester).await?;
    let steps = plan(&known, rows).map_err(ImportError::Rows)?;
    let said = steps.into_iter().map(|step| said(step.person.clone(), &step)).collect();
    Ok(Imported { rows: said })
}

/// Enrols and updates the people of a roster, all or nothing. Who is enrolled but not in it stays.
///
/// A student is recognised by Legi number, in whichever semester it was seen; a new e-mail address or
/// name is then taken over.
///
/// # Errors
/// When the semester is unknown, rows can't be imported (all are named, nothing is imported), or it
/// can't be stored.
pub async fn import(
    db: &Db,
    semester: &SemesterName,
    rows: &[RosterRow],
    by: Option<&PersonId>,
    now: i64,
) -> Result<Imported, ImportError> {
    let mut tx = db.begin().await?;
    let known = known(&mut tx, semester).await?;
    let steps = plan(&known, rows).map_err(ImportError::Rows)?;
    let mut rows = Vec::new();
    for step in &steps {
        let person = apply(&mut tx, semester, step, now).await?;
        rows.push(said(Some(person), step));
    }
    let imported = Imported { rows };
    let (added, changed, unchanged) = imported.counts();
    let entry = Entry {
        at: now,
        actor: by,
        action: "roster.import",
        subject: semester.to_string(),
        details: json!({
            "added": added, "changed": changed, "unchanged": unchanged,
            "people": who_changed(&steps, &imported),
        }),
    };
    audit::append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(imported)
}

/// What someone is in a semester.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct InSemester {
    /// Who.
    pub person: PersonId,
    /// In which one.
    pub semester: SemesterName,
    /// As what.
    pub role: Role,
}

/// Everyone's roles, newest semesters first.
///
/// # Errors
/// When they can't be read.
pub async fn roles(db: &Db) -> Result<Vec<InSemester>, Error> {
    db.all(
        "SELECT e.person, e.semester, e.role FROM enrolments e JOIN semesters s ON s.name = e.semester
         ORDER BY s.starts_at DESC, e.person",
        vec![],
    )
    .await
}

/// Everyone in a semester: instructors, then students, by name.
///
/// # Errors
/// When they can't be read.
pub async fn everyone(db: &Db, semester: &SemesterName) -> Result<Vec<Enrolled>, Error> {
    let mut everyone: Vec<Enrolled> = db
        .all(
            "SELECT e.id, e.person, p.family_name, p.first_name, p.email, e.role, e.legi,
                 e.department, e.level, p.password_hash IS NOT NULL AS has_password
             FROM enrolments e JOIN people p ON p.id = e.person WHERE e.semester = $1",
            args![semester],
        )
        .await?;
    // Sorted here: the engines order letters differently.
    everyone.sort_by_cached_key(|one| {
        let names = (one.family_name.to_lowercase(), one.first_name.to_lowercase());
        (one.role == Role::Student, names, one.id.clone())
    });
    Ok(everyone)
}

/// One person's enrolment in a semester.
///
/// # Errors
/// When it can't be read.
pub async fn get(
    db: &Db,
    semester: &SemesterName,
    person: &PersonId,
) -> Result<Option<Enrolled>, Error> {
    db.opt(
        "SELECT e.id, e.person, p.family_name, p.first_name, p.email, e.role, e.legi,
             e.department, e.level, p.password_hash IS NOT NULL AS has_password
         FROM enrolments e JOIN people p ON p.id = e.person
         WHERE e.semester = $1 AND e.person = $2",
        args![semester, person],
    )
    .await
}

async fn known(tx: &mut Tx, semester: &SemesterName) -> Result<Known, ImportError> {
    let exists: Option<(i64,)> =
        tx.opt("SELECT starts_at FROM semesters WHERE name = $1", args![semester]).await?;
    if exists.is_none() {
        return Err(ImportError::NoSuchSemester(semester.clone()));
    }
    let people = tx.all("SELECT id, email, family_name, first_name FROM people", vec![]).await?;
    let legis = tx
        .all("SELECT DISTINCT person, legi FROM enrolments WHERE legi IS NOT NULL", vec![])
        .await?;
    let enrolled = tx
        .all(
            "SELECT id, person, role, legi, department, level FROM enrolments WHERE semester = $1",
            args![semester],
        )
        .await?;
    Ok(Known::new(people, legis, enrolled))
}

/// For the log: everyone who came or changed, in which role, and what changed.
fn who_changed(steps: &[Step<'_>], imported: &Imported) -> Vec<Value> {
    let line = |(step, row): (&Step<'_>, &ImportedRow)| {
        let from_to = |fields: &[FieldChange]| -> Value {
            fields.iter().map(|f| (f.field.to_owned(), json!([f.from, f.to]))).collect()
        };
        let change = match &row.change {
            Change::Unchanged => return None,
            Change::Added { .. } => json!("added"),
            Change::Changed(fields) => from_to(fields),
        };
        Some(json!({ "person": row.person, "role": step.row.role, "change": change }))
    };
    steps.iter().zip(&imported.rows).filter_map(line).collect()
}

fn said(person: Option<PersonId>, step: &Step<'_>) -> ImportedRow {
    ImportedRow {
        line: step.row.line,
        person,
        email: step.row.email.clone(),
        change: step.change.clone(),
    }
}

async fn apply(
    tx: &mut Tx,
    semester: &SemesterName,
    step: &Step<'_>,
    now: i64,
) -> Result<PersonId, Error> {
    let row = step.row;
    let person = if let Some(person) = &step.person {
        tx.run(
            "UPDATE people SET email = $1, family_name = $2, first_name = $3 WHERE id = $4",
            args![&row.email, &row.family_name, &row.first_name, person],
        )
        .await?;
        person.clone()
    } else {
        let person = PersonId::new();
        tx.run(
            "INSERT INTO people (id, email, family_name, first_name, admin, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![&person, &row.email, &row.family_name, &row.first_name, false, now],
        )
        .await?;
        person
    };
    if let Some(enrolment) = &step.enrolment {
        tx.run(
            "UPDATE enrolments SET role = $1, legi = COALESCE($2, legi), department = $3,
                 level = $4 WHERE id = $5",
            args![row.role, row.legi.as_ref(), &row.department, &row.level, enrolment],
        )
        .await?;
    } else {
        tx.run(
            "INSERT INTO enrolments
                 (id, semester, person, role, legi, department, level, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![
                &EnrolmentId::new(),
                semester,
                &person,
                row.role,
                row.legi.as_ref(),
                &row.department,
                &row.level,
                now,
            ],
        )
        .await?;
    }
    Ok(person)
}
