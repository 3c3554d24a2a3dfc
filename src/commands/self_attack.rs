//! The server's attacks on itself while it runs: at its start and every few hours, told to the pages
//! and to the workers; and through the store to servers that only have pages.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::Config;
use crate::grading::self_attack::{self, Attack, Finding, Findings};
use crate::grading::worker::Workshop;
use crate::store::Db;
use crate::store::self_attacks::{self, Found};
use crate::web::{AttackNote, SelfAttack, SelfAttackState};

/// Until the next time.
const AGAIN: Duration = Duration::from_secs(4 * 60 * 60);
/// The same while one succeeds: what was mended need not wait for hours.
const SOON: Duration = Duration::from_secs(60);

/// Until what other hosts have found is looked up again.
const LOOK: Duration = Duration::from_secs(5);
/// How long what a host found holds: as long as it could miss one turn.
const HELD_FOR: Duration = Duration::from_secs(2 * AGAIN.as_secs());
const GOT_THROUGH_FOR: Duration = Duration::from_secs(10 * SOON.as_secs());

/// What is known of the sandbox's safety, as it changes.
#[derive(Clone, Debug)]
pub struct Watched {
    /// For people.
    pub told: watch::Receiver<SelfAttack>,
    /// For workers: whether they may grade.
    pub safe: watch::Receiver<bool>,
}

/// Where nothing is graded, nothing is attacked.
#[must_use]
pub fn nothing() -> watch::Receiver<SelfAttack> {
    watch::channel(NOTHING).1
}

const NOTHING: SelfAttack =
    SelfAttack { state: SelfAttackState::NotRun, at: None, attacks: Vec::new() };

/// Follows what other hosts find about themselves, in a task of `tasks`.
///
/// # Errors
/// It can't be read.
pub async fn follow(
    db: &Db,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<watch::Receiver<SelfAttack>> {
    let first = found_elsewhere(db).await.context("reading what the workers' attacks found")?;
    let (tell, told) = watch::channel(first);
    let db = db.clone();
    tasks.spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            match found_elsewhere(&db).await {
                Ok(found) => {
                    tell.send_replace(found);
                }
                Err(fault) => {
                    tracing::warn!("What the workers' attacks found can't be read: {fault}");
                }
            }
        }
    });
    Ok(told)
}

/// What all hosts together found: one through which an attack got is one too many.
async fn found_elsewhere(db: &Db) -> Result<SelfAttack, crate::store::Error> {
    let now = Clock.now();
    let before = |age: Duration| now - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    let found = self_attacks::since(db, before(HELD_FOR), before(GOT_THROUGH_FOR)).await?;
    let state = match found.as_slice() {
        [] => return Ok(NOTHING),
        all if all.iter().all(|one| one.passed) => SelfAttackState::Held,
        _ => SelfAttackState::GotThrough,
    };
    let at = found.iter().map(|one| one.at).min();
    let attacks = found.iter().flat_map(notes).collect();
    Ok(SelfAttack { state, at, attacks })
}

fn notes(found: &Found) -> Vec<AttackNote> {
    let notes = serde_json::from_str(&found.findings).unwrap_or_else(|fault| {
        vec![AttackNote {
            name: "what it found".to_owned(),
            tries: "To be read".to_owned(),
            held: Some(false),
            detail: format!("can't be read: {fault}"),
        }]
    });
    let on_host =
        |note: AttackNote| AttackNote { name: format!("{} on {}", note.name, found.host), ..note };
    notes.into_iter().map(on_host).collect()
}

/// Begins to attack, in a task of `tasks`, until told to stop.
///
/// # Errors
/// An attack program can't be read.
pub fn watch(
    config: &Config,
    shop: &Arc<Workshop>,
    tasks: &mut JoinSet<()>,
    stopped: &watch::Receiver<bool>,
) -> anyhow::Result<Watched> {
    let attacks = self_attack::all(config.self_attacks.as_deref())
        .context("reading the programs with which the server attacks itself")?;
    let begun = SelfAttack { state: SelfAttackState::Running, at: None, attacks: Vec::new() };
    let (tell, told) = watch::channel(begun);
    let (allow, safe) = watch::channel(false);
    let (shop, mut stop) = (shop.clone(), stopped.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = attack_for_ever(&shop, &attacks, &tell, &allow) => {}
            // No sender any more: nobody is left to attack for.
            _ = stop.wait_for(|stop| *stop) => {}
        }
    });
    Ok(Watched { told, safe })
}

async fn attack_for_ever(
    shop: &Workshop,
    attacks: &[Attack],
    tell: &watch::Sender<SelfAttack>,
    allow: &watch::Sender<bool>,
) {
    loop {
        let findings = self_attack::run(&shop.rig.sandbox, &shop.rig.runtime, attacks).await;
        let passed = findings.passed();
        log(&findings);
        allow.send_replace(passed);
        let told = told(findings);
        if let Err(fault) = tell_others(shop, &told).await {
            tracing::warn!(
                "Servers without workers are not told what the attacks found: {fault:#}"
            );
        }
        tell.send_replace(told);
        tokio::time::sleep(if passed { AGAIN } else { SOON }).await;
    }
}

async fn tell_others(shop: &Workshop, told: &SelfAttack) -> anyhow::Result<()> {
    let found = Found {
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        at: told.at.unwrap_or_else(|| shop.clock.now()),
        passed: told.state == SelfAttackState::Held,
        findings: serde_json::to_string(&told.attacks)?,
    };
    Ok(self_attacks::put(&shop.db, &found).await?)
}

fn log(findings: &Findings) {
    for Finding { name, held, detail, .. } in &findings.0 {
        match held {
            Some(true) => tracing::debug!(attack = name, detail, "An attack of ours was held"),
            Some(false) => tracing::error!(
                attack = name,
                detail,
                "An attack of ours was not held: nothing is taken in and nothing graded"
            ),
            None => tracing::warn!(attack = name, detail, "An attack of ours was not tried"),
        }
    }
}

fn told(findings: Findings) -> SelfAttack {
    let state = if findings.passed() { SelfAttackState::Held } else { SelfAttackState::GotThrough };
    let note = |finding: Finding| AttackNote {
        name: finding.name,
        tries: finding.tries,
        held: finding.held,
        detail: finding.detail,
    };
    let attacks = findings.0.into_iter().map(note).collect();
    SelfAttack { state, at: Some(Clock.now()), attacks }
}
