//! The server's attacks on itself while it runs: at its start and every few hours, told to the pages
//! and to the workers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::Config;
use crate::grading::self_attack::{self, Attack, Finding, Findings};
use crate::grading::worker::Workshop;
use crate::web::{AttackNote, SelfAttack, SelfAttackState};

/// Until the next time.
const AGAIN: Duration = Duration::from_secs(4 * 60 * 60);
/// The same while one succeeds: what was mended need not wait for hours.
const SOON: Duration = Duration::from_secs(60);

/// What is known of the sandbox's safety, as it changes.
#[derive(Clone, Debug)]
pub struct Watched {
    /// For people.
    pub told: watch::Receiver<SelfAttack>,
    /// For workers: whether they may grade.
    pub safe: watch::Receiver<bool>,
}

impl Watched {
    /// Where nothing is graded, nothing is attacked.
    #[must_use]
    pub fn nothing() -> Self {
        let idle = SelfAttack { state: SelfAttackState::NotRun, at: None, attacks: Vec::new() };
        Self { told: watch::channel(idle).1, safe: watch::channel(false).1 }
    }
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
        tell.send_replace(told(findings));
        tokio::time::sleep(if passed { AGAIN } else { SOON }).await;
    }
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
