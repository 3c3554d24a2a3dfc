//! `testat admin verify`: whether everything that is stored is there, fits together, and is what the
//! audit log says was done.

use anyhow::bail;
use testat_kit::report::{Report, Verdict as Said};

use super::manifest::tell;
use crate::clock::Clock;
use crate::commands::serve::open_blobs;
use crate::config::Config;
use crate::course::Verdict;
use crate::grading::verdict;
use crate::intake::blobs::{BlobError, Blobs};
use crate::store::snapshot::Archive;
use crate::store::{Db, integrity, results, semesters};

/// Prints everything that is wrong; fails if anything is.
pub(super) async fn run(config: &Config, db: &Db) -> anyhow::Result<()> {
    let blobs = open_blobs(config)?;
    let examined = integrity::examine(db, &judge).await?;
    let mut faults: Vec<String> = examined.faults.iter().map(ToString::to_string).collect();
    let mut students = 0;
    for semester in semesters::all(db).await? {
        match results::admissions(db, &semester.name, Clock.now()).await {
            Ok(rows) => students += rows.len(),
            Err(fault) => {
                faults.push(format!(
                    "the admissions of {} can't be worked out: {fault}",
                    semester.name
                ));
            }
        }
    }
    let damaged = damaged(&blobs, &examined.archives).await?;
    println!("{} archives", examined.archives.len());
    println!(
        "{} lines of the audit log; the last has the hash {}",
        examined.log.lines, examined.log.hash
    );
    println!("{} facts held against the audit log", examined.facts);
    println!(
        "{} verdicts and the admissions of {students} students worked out again",
        examined.verdicts
    );
    faults.extend(damaged);
    for fault in &faults {
        println!("WRONG  {fault}");
    }
    match faults.len() {
        0 => println!("Nothing is wrong."),
        count => bail!("{count} things are wrong"),
    }
    Ok(())
}

/// The verdict that a report's checks give, by the rule by which it was given in the first place.
fn judge(report: &str) -> Result<Verdict, String> {
    let report: Report = serde_json::from_str(report).map_err(|fault| fault.to_string())?;
    let decided = verdict::of(&report.checks);
    if decided != report.verdict {
        return Err(format!("it says {:?}, its checks say {decided:?}", report.verdict));
    }
    Ok(match decided {
        Said::Passed => Verdict::Passed,
        Said::Failed => Verdict::Failed,
    })
}

/// Every archive that is not there, or is not what it was.
async fn damaged(blobs: &Blobs, archives: &[Archive]) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for (place, Archive { digest, size, submission }) in archives.iter().enumerate() {
        match blobs.get(digest).await {
            Ok(file) => {
                let found = file.metadata()?.len();
                if u64::try_from(*size) != Ok(found) {
                    faults.push(format!(
                        "submission {submission}: its archive is said to have {size} bytes, and has {found}"
                    ));
                }
            }
            Err(why @ (BlobError::Missing(_) | BlobError::Corrupt { .. })) => {
                faults.push(format!("submission {submission}: {why}"));
            }
            Err(other) => return Err(other.into()),
        }
        tell("archives", place + 1, archives.len());
    }
    Ok(faults)
}
