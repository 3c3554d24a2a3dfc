//! Runs the attacks, a few at once.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::runtime::Runtime;
use crate::sandbox::{Ending, Fault, Limits, Sandbox};

use super::attack::Attack;
use super::judge::{Trouble, judge};

/// At once: what is short of nothing is over in a second or two.
const ABREAST: usize = 4;

/// What came of one attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name.
    pub name: String,
    /// What it tried.
    pub tries: String,
    /// Held; none where this host can't enforce what it needs.
    pub held: Option<bool>,
    /// How, or why not.
    pub detail: String,
}

/// What came of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// No attack succeeded.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.0.iter().all(|finding| finding.held != Some(false))
    }
}

/// Runs all of them. What a host can't enforce anyway (and its owner has accepted) is not tried.
pub async fn run(sandbox: &Sandbox, runtime: &Runtime, attacks: &[Attack]) -> Findings {
    // Each owns what it needs, so that the runs may be polled from any task.
    let runs = attacks.iter().cloned().map(|attack| {
        let (sandbox, runtime) = (sandbox.clone(), runtime.clone());
        async move { one(&sandbox, &runtime, attack).await }
    });
    Findings(stream::iter(runs).buffered(ABREAST).collect().await)
}

async fn one(sandbox: &Sandbox, runtime: &Runtime, attack: Attack) -> Finding {
    let (held, detail) = match lacking(sandbox, &attack) {
        Some(why) => (None, format!("this host can't enforce it: {why}")),
        None => match patiently_held(sandbox, runtime, &attack).await {
            Ok(how) => (Some(true), how),
            Err(Trouble::GotThrough(why) | Trouble::Unclear(why)) => (Some(false), why),
        },
    };
    Finding { name: attack.name, tries: attack.tries, held, detail }
}

/// Why the limit that it needs is not to be had.
fn lacking(sandbox: &Sandbox, attack: &Attack) -> Option<String> {
    let needed = attack.needs.as_deref()?;
    let missing = sandbox.capabilities().iter().find(|c| c.name == needed && !c.ok);
    missing.map(|capability| capability.detail.clone())
}

/// What has shown nothing is run once more: a machine out of breath is no hole.
async fn patiently_held(
    sandbox: &Sandbox,
    runtime: &Runtime,
    attack: &Attack,
) -> Result<String, Trouble> {
    match held(sandbox, runtime, attack).await {
        Err(Trouble::Unclear(_)) => held(sandbox, runtime, attack).await,
        clear => clear,
    }
}

async fn held(sandbox: &Sandbox, runtime: &Runtime, attack: &Attack) -> Result<String, Trouble> {
    let mut how = String::new();
    for _ in 0..attack.runs {
        let ending = ending(sandbox, runtime, attack).await;
        let unclear = |fault| Trouble::Unclear(format!("it could not be run: {fault}"));
        how = judge(attack, &ending.map_err(unclear)?)?;
    }
    Ok(how)
}

async fn ending(sandbox: &Sandbox, runtime: &Runtime, attack: &Attack) -> Result<Ending, Fault> {
    sandbox.start(runtime.attack(&attack.program, limits())).await?.wait().await
}

/// As a subject has them, but smaller: what is to be exhausted is exhausted soon.
fn limits() -> Limits {
    Limits {
        cpu: Duration::from_secs(1),
        wall: Duration::from_secs(30),
        memory: 128 << 20,
        processes: 24,
        file_size: 16 << 20,
        open_files: 256,
        scratch: 8 << 20,
        output: 64 << 10,
    }
}
