//! `testat admin`: what the course office and the operator do from the command line.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Subcommand;

use crate::clock::Clock;
use crate::config::Config;
use crate::course::{Email, PersonId, SemesterName, TokenId};
use crate::export::{self, Format};
use crate::intake::roster as roster_file;
use crate::secret;
use crate::store::people::NewPerson;
use crate::store::roster::{self, Change, ImportError, Imported};
use crate::store::{self, Db, audit, invitations, people, semesters};

use super::open_store;

use self::audit_log::KnownLine;

mod audit_log;
mod backup;
mod manifest;
mod restore;
pub mod semester;
mod tokens;
mod verify;

/// `testat admin ...`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Semesters and their calendar
    #[command(subcommand)]
    Semester(semester::Command),
    /// Who takes part
    #[command(subcommand)]
    Roster(Roster),
    /// People and their sign-ins
    #[command(subcommand)]
    Person(Person),
    /// Make an API token for a person and print it, once
    Token(tokens::Wanted),
    /// List a person's API tokens with scope, expiry and last use
    Tokens {
        /// Whose
        email: Email,
    },
    /// Revoke one of a person's API tokens
    RevokeToken {
        /// Whose
        email: Email,
        /// Which, as listed
        id: TokenId,
    },
    /// Lists for the examinations office
    #[command(subcommand)]
    Export(Export),
    /// The audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Copy the database and all archives of one moment into a folder, while the server serves
    Backup {
        /// New, or empty
        folder: PathBuf,
        /// Make it although archives are lost or damaged; they are named in it
        #[arg(long)]
        allow_damaged: bool,
    },
    /// Fill an empty server from a backup
    Restore {
        /// The backup
        folder: PathBuf,
    },
    /// Check every archive, every reference, the audit log, and every result against it
    Verify,
}

/// `testat admin roster ...`.
#[derive(Debug, Subcommand)]
pub enum Roster {
    /// Enrol and update the people of a CSV file; one bad row, and nothing is imported
    Import {
        /// Columns: family name, first name, Legi number, e-mail, department, level, role
        file: PathBuf,
        /// Into which semester
        #[arg(long)]
        semester: SemesterName,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
}

/// `testat admin person ...`.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Add a person and print the link with which they set their password
    Add {
        /// E-mail address, which is also the name to sign in with
        email: Email,
        /// Family name
        #[arg(long)]
        family: String,
        /// First name
        #[arg(long)]
        given: String,
        /// May administer the server
        #[arg(long)]
        admin: bool,
    },
    /// Print a new link to set a password; earlier ones end with it
    Invite {
        /// Whose
        email: Email,
    },
    /// Let a person administer the server, or not any more
    Admin {
        /// Whom
        email: Email,
        /// Take the right away
        #[arg(long)]
        revoke: bool,
    },
}

/// `testat admin export ...`.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Who is admitted to the exam
    Admissions {
        /// Which semester
        #[arg(long)]
        semester: SemesterName,
        /// csv, xlsx or json
        #[arg(long, default_value = "csv")]
        format: Format,
        /// Into this file rather than to stdout
        #[arg(long)]
        output: Option<PathBuf>,
    },
}

/// `testat admin audit ...`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check the chain of hashes from the first line to the last
    Verify {
        /// A line and its hash as noted down earlier, such as 123:9f86d0...: it must still be the same
        #[arg(long, value_name = "LINE:HASH")]
        known: Option<KnownLine>,
    },
}

/// Does it.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let db = open_store(config).await?;
    match command {
        Command::Restore { folder } => restore::run(config, &db, &folder).await,
        Command::Semester(command) => semester::run(config, &db, command).await,
        Command::Roster(Roster::Import { file, semester, dry_run }) => {
            import(config, &db, &file, &semester, dry_run).await
        }
        Command::Person(command) => person(config, &db, command).await,
        Command::Token(wanted) => tokens::make(&db, &wanted).await,
        Command::Tokens { email } => tokens::list(&db, &email).await,
        Command::RevokeToken { email, id } => tokens::revoke(&db, &email, &id).await,
        Command::Export(Export::Admissions { semester, format, output }) => {
            export_admissions(&db, &semester, format, output).await
        }
        Command::Audit(Audit::Verify { known }) => audit_log::verify(&db, known).await,
        Command::Backup { folder, allow_damaged } => {
            backup::run(config, &db, &folder, allow_damaged).await
        }
        Command::Verify => verify::run(config, &db).await,
    }
}

async fn import(
    config: &Config,
    db: &Db,
    file: &std::path::Path,
    semester: &SemesterName,
    dry_run: bool,
) -> anyhow::Result<()> {
    let name = || file.display().to_string();
    let bytes = std::fs::read(file).with_context(name)?;
    let rows = roster_file::read(&bytes).with_context(name)?;
    let imported = if dry_run {
        roster::dry_run(db, semester, &rows).await
    } else {
        roster::import(db, semester, &rows, None, Clock.now()).await
    };
    let imported = imported.map_err(each_row).with_context(name)?;
    for row in &imported.rows {
        println!("line {}: {} {}", row.line, row.email, change_in_words(&row.change));
    }
    if dry_run {
        println!("Nothing has been changed: this was a dry run.");
        return Ok(());
    }
    invite_new(config, db, semester, &imported).await
}

/// Names every row that is in the way.
fn each_row(fault: ImportError) -> anyhow::Error {
    match fault {
        ImportError::Rows(rows) => {
            let each: Vec<String> = rows.iter().map(|row| format!("\n  {row}")).collect();
            anyhow::anyhow!("nothing was imported:{}", each.concat())
        }
        other => other.into(),
    }
}

fn change_in_words(change: &Change) -> String {
    match change {
        Change::Added { new_person: true } => "is new".to_owned(),
        Change::Added { new_person: false } => "is enrolled".to_owned(),
        Change::Unchanged => "stays as it is".to_owned(),
        Change::Changed(fields) => {
            let each = fields
                .iter()
                .map(|field| format!("{} `{}` -> `{}`", field.field, field.from, field.to));
            format!("changes: {}", each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Everyone without a password gets a link.
async fn invite_new(
    config: &Config,
    db: &Db,
    semester: &SemesterName,
    imported: &Imported,
) -> anyhow::Result<()> {
    for row in &imported.rows {
        let Some(person) = &row.person else { continue };
        let enrolled = roster::get(db, semester, person).await?;
        if enrolled.is_some_and(|enrolled| !enrolled.has_password) {
            println!("{} sets a password at {}", row.email, invite(config, db, person).await?);
        }
    }
    Ok(())
}

/// A link with which a person sets their password, once.
pub async fn invite(config: &Config, db: &Db, person: &PersonId) -> anyhow::Result<String> {
    let secret = secret::fresh();
    let now = Clock.now();
    invitations::create(db, person, &secret.hash, now + invitations::LIFETIME, None, now).await?;
    let base = config.base_url(config.listen);
    Ok(format!("{base}/welcome/{}", secret.text))
}

async fn person(config: &Config, db: &Db, command: Person) -> anyhow::Result<()> {
    match command {
        Person::Add { email, family, given, admin } => {
            let new = NewPerson { email, family_name: family, first_name: given, admin };
            let person = people::create(db, &new, None, Clock.now()).await?;
            println!("{} sets a password at {}", new.email, invite(config, db, &person).await?);
        }
        Person::Invite { email } => {
            let person = known(db, &email).await?;
            println!("{email} sets a password at {}", invite(config, db, &person).await?);
        }
        Person::Admin { email, revoke } => {
            let person = known(db, &email).await?;
            people::set_admin(db, &person, !revoke, None, Clock.now()).await?;
            println!(
                "{email} {} administer the server",
                if revoke { "may no longer" } else { "may" }
            );
        }
    }
    Ok(())
}

async fn known(db: &Db, email: &Email) -> anyhow::Result<PersonId> {
    match people::by_email(db, email).await? {
        Some(person) => Ok(person.id),
        None => bail!("nobody has the e-mail address {email}"),
    }
}

async fn export_admissions(
    db: &Db,
    semester: &SemesterName,
    format: Format,
    output: Option<PathBuf>,
) -> anyhow::Result<()> {
    if semesters::get(db, semester).await?.is_none() {
        bail!("no semester {semester}");
    }
    let at = Clock.now();
    let rows = store::results::admissions(db, semester, at).await?;
    let written = export::write(&export::List { semester, at, rows: &rows }, format)?;
    audit::note(db, audit::export_entry(semester, &written.digest, None, at)).await?;
    match output {
        Some(path) => {
            std::fs::write(&path, &written.bytes).with_context(|| path.display().to_string())?;
        }
        None => std::io::stdout().write_all(&written.bytes).context("writing to stdout")?,
    }
    eprintln!("sha256 {}", written.digest);
    Ok(())
}
