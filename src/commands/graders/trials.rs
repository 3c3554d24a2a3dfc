//! Grading a grader's own solutions for real, many side by side.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::Verification;
use crate::commands::grade;
use crate::grading::evidence::Evidence;
use crate::grading::graders::Grader;
use crate::grading::prepared::Prepared;
use crate::grading::seed::Seed;
use crate::grading::session::{self, Rig};
use crate::grading::solutions::{self, Solution, Sort};
use crate::grading::trial::{Graded, Outcome, Trial};

/// Which seeds, and how many gradings at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The first seed; the others follow it.
    pub first_seed: u64,
    /// Seeds for each right solution.
    pub seeds: u64,
    /// Seeds for each wrong one.
    pub wrong_seeds: u64,
    /// How many wrong solutions of each check, the first by name; all if none.
    pub wrong_each: Option<usize>,
    /// Gradings side by side.
    pub jobs: usize,
}

impl Plan {
    /// Leaves out the wrong solutions that are too many.
    fn of_those(&self, solutions: Vec<Solution>) -> Vec<Solution> {
        let limit = self.wrong_each.unwrap_or(usize::MAX);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut is_due = |solution: &Solution| match &solution.sort {
            Sort::Right { .. } => true,
            Sort::Wrong { check, .. } => {
                let count = counts.entry(check.clone()).or_default();
                *count += 1;
                *count <= limit
            }
        };
        solutions.into_iter().filter(|solution| is_due(solution)).collect()
    }

    fn seeds_for(&self, sort: &Sort) -> impl Iterator<Item = u64> {
        let count = match sort {
            Sort::Right { .. } => self.seeds,
            Sort::Wrong { .. } => self.wrong_seeds,
        };
        let first = self.first_seed;
        (0..count).map(move |step| first.wrapping_add(step))
    }
}

/// A solution on its way through its trials: unpacked and built once, with the first of them.
struct Subject<'a> {
    grader: &'a Grader,
    sort: Sort,
    archive: File,
    prepared: OnceCell<Prepared>,
}

/// Grades the solutions of every grader as planned. `tell` hears how many gradings are done, of how
/// many.
///
/// # Errors
/// The solutions can't be read. A grading without a verdict is no error: it is part of the evidence.
pub async fn verify(
    rig: &Rig,
    graders: &[&Grader],
    plan: Plan,
    tell: &dyn Fn(usize, usize),
) -> anyhow::Result<Verification> {
    let mut due = Vec::new();
    for grader in graders {
        for solution in plan.of_those(solutions::of(grader)?) {
            let subject = Arc::new(Subject::new(grader, &solution)?);
            due.extend(plan.seeds_for(&solution.sort).map(|seed| (subject.clone(), seed)));
        }
    }
    let total = due.len();
    let gradings = due.into_iter().enumerate().map(|(place, (subject, seed))| async move {
        (place, subject.grader.project.number, subject.trial(rig, seed).await)
    });
    let mut running = stream::iter(gradings).buffer_unordered(plan.jobs);
    let mut done = Vec::with_capacity(total);
    while let Some(trial) = running.next().await {
        done.push(trial);
        tell(done.len(), total);
    }
    // Whichever ended first, the order is always the same.
    done.sort_by_key(|(place, ..)| *place);
    let of = |grader: &Grader| {
        let own = done.iter().filter(|(_, number, _)| *number == grader.project.number);
        Evidence::of(grader, own.map(|(.., trial)| trial.clone()).collect())
    };
    Ok(Verification {
        plan,
        runtime: rig.runtime.id().to_owned(),
        graders: graders.iter().map(|grader| of(grader)).collect(),
    })
}

impl<'a> Subject<'a> {
    fn new(grader: &'a Grader, solution: &Solution) -> anyhow::Result<Self> {
        let archive = grade::pack(&solution.folder)
            .with_context(|| format!("packing {}", solution.folder.display()))?;
        let (sort, prepared) = (solution.sort.clone(), OnceCell::new());
        Ok(Self { grader, sort, archive: archive.file, prepared })
    }

    /// A fault of ours is given a second chance.
    async fn trial(&self, rig: &Rig, seed: u64) -> Trial {
        let mut outcome = self.grade(rig, seed).await;
        if outcome.is_err() {
            outcome = self.grade(rig, seed).await;
        }
        let outcome = match outcome {
            Ok(graded) => Outcome::Graded(graded),
            Err(fault) => Outcome::Fault { fault: fault.to_string() },
        };
        Trial { solution: self.sort.clone(), seed, outcome }
    }

    async fn grade(&self, rig: &Rig, seed: u64) -> Result<Graded, session::Fault> {
        let prepare = || Prepared::new(rig, &self.archive, &|_| {});
        let prepared = self.prepared.get_or_try_init(prepare).await?;
        let seed = Seed::number(seed);
        let report = session::grade_prepared(rig, self.grader, seed, prepared, &|_| {}).await?;
        Ok(Graded::of(report, prepared.usage()))
    }
}
