//! The frame of every harness: read the task, decide each check once, say the verdict.

use std::process::ExitCode;

use crate::check::Measured;
use crate::draw::{Seed, Stream};
use crate::report::{Check, Comparison, Event, Figure, Task, Verdict};
use crate::subject::{Subject, Trouble, beside};
use crate::supervisor::{Fault, Supervisor};

/// A check as the harness knows it; the threshold comes with the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable name.
    pub id: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// How value and threshold are compared.
    pub comparison: Comparison,
}

/// A grading in progress.
#[derive(Debug)]
pub struct Grading {
    /// The student's program.
    pub subject: Subject,
    rules: &'static [Rule],
    task: Task,
    seed: Seed,
    decided: Vec<Check>,
}

impl Grading {
    /// The seed that everything is drawn from.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// The stream of this number.
    pub fn stream(&self, number: u64) -> Stream {
        self.seed.stream(number)
    }

    /// The threshold of the check `id`.
    ///
    /// # Errors
    /// [`Fault::Check`] if the task has none.
    pub fn threshold(&self, id: &str) -> Result<f64, Fault> {
        let threshold = self.task.thresholds.get(id).copied();
        threshold.ok_or_else(|| Fault::Check(id.to_owned(), "has no threshold in the task"))
    }

    /// How the check `id` compares its value with its threshold.
    ///
    /// # Errors
    /// [`Fault::Check`] if there is no such check.
    pub fn comparison(&self, id: &str) -> Result<Comparison, Fault> {
        Ok(self.rule(id)?.comparison)
    }

    /// Whether `measured` would pass the check `id`.
    ///
    /// # Errors
    /// [`Fault::Check`] if there is no such check.
    pub fn passes(&self, id: &str, measured: &Measured) -> Result<bool, Fault> {
        let (rule, threshold) = (self.rule(id)?, self.threshold(id)?);
        Ok(measured.value.is_some_and(|value| rule.comparison.holds(value, threshold)))
    }

    /// Decides the check `id`, tells the supervisor, and says whether it passed.
    ///
    /// # Errors
    /// [`Fault`] if there is no such check, or it has been decided before.
    pub fn decide(&mut self, id: &str, measured: Measured) -> Result<bool, Fault> {
        if self.decided.iter().any(|check| check.id == id) {
            return Err(Fault::Check(id.to_owned(), "was decided twice"));
        }
        let rule = self.rule(id)?;
        let check = Check {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            passed: self.passes(id, &measured)?,
            value: measured.value,
            comparison: rule.comparison,
            threshold: self.threshold(id)?,
            message: measured.message,
        };
        let passed = check.passed;
        self.subject.supervisor().tell(&Event::Check(check.clone()))?;
        self.decided.push(check);
        Ok(passed)
    }

    /// Whether the check `id` has been decided and passed.
    pub fn passed(&self, id: &str) -> bool {
        self.decided.iter().any(|check| check.id == id && check.passed)
    }

    /// Says how far the check `id` is.
    ///
    /// # Errors
    /// [`Fault`] if the supervisor is gone.
    pub fn progress(&self, id: &str, done: usize, total: usize) -> Result<(), Fault> {
        let cut = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let event = Event::Progress { check: id.to_owned(), done: cut(done), total: cut(total) };
        self.subject.supervisor().tell(&event)
    }

    /// Shows a figure.
    ///
    /// # Errors
    /// [`Fault`] if the supervisor is gone.
    pub fn show(&self, figure: Figure) -> Result<(), Fault> {
        self.subject.supervisor().tell(&Event::Figure(figure))
    }

    /// Starts the subject and decides the check `start`. False when it fails: then every other check is
    /// decided too, as not measured.
    ///
    /// # Errors
    /// [`Fault`] for our own trouble.
    pub fn begin(&mut self) -> Result<bool, Fault> {
        self.begin_with(|_| ()).map(|begun| begun.is_some())
    }

    /// As [`Grading::begin`], with what `draw` makes of the seed while the program comes up; none when it
    /// does not start.
    ///
    /// # Errors
    /// [`Fault`] for our own trouble, and if `draw` panicked.
    pub fn begin_with<T: Send>(
        &mut self,
        draw: impl FnOnce(Seed) -> T + Send,
    ) -> Result<Option<T>, Fault> {
        let seed = self.seed;
        let (started, drawn) = beside(|| self.subject.restart(), move || draw(seed))?;
        if let Err(trouble) = started {
            let failed = blame(trouble)?;
            self.decide("start", failed)?;
            self.rest("not measured: the program did not start (see the check `start`)")?;
            return Ok(None);
        }
        self.decide("start", Measured::new(1.0, "the program started and answered the greeting"))?;
        Ok(Some(drawn))
    }

    /// Decides every check that is still open, as not measured.
    ///
    /// # Errors
    /// [`Fault`] if the supervisor is gone.
    pub fn rest(&mut self, reason: &str) -> Result<(), Fault> {
        for rule in self.rules {
            if !self.decided.iter().any(|check| check.id == rule.id) {
                self.decide(rule.id, Measured::nothing(reason))?;
            }
        }
        Ok(())
    }

    /// Whether every check decided so far has passed.
    pub fn clean(&self) -> bool {
        self.decided.iter().all(|check| check.passed)
    }

    fn rule(&self, id: &str) -> Result<Rule, Fault> {
        let rule = self.rules.iter().find(|rule| rule.id == id).copied();
        rule.ok_or_else(|| Fault::Check(id.to_owned(), "is not in this harness"))
    }
}

/// Turns a subject's trouble into a failed check; our own stays a fault.
///
/// # Errors
/// [`Fault`] if the trouble is ours.
pub fn blame(trouble: Trouble) -> Result<Measured, Fault> {
    match trouble {
        Trouble::Fault(fault) => Err(fault),
        its_own => Ok(Measured::nothing(its_own.to_string())),
    }
}

/// Grades over `supervisor`: the task first, then `grade`, then the verdict.
///
/// # Errors
/// [`Fault`] for our own trouble; then there is no verdict.
pub fn grade(
    mut supervisor: Supervisor,
    rules: &'static [Rule],
    grade: impl FnOnce(&mut Grading) -> Result<(), Fault>,
) -> Result<Verdict, Fault> {
    let task = supervisor.task()?;
    let seed = Seed::parse(&task.seed).map_err(|e| Fault::Task(e.to_string()))?;
    let subject = Subject::new(supervisor, &task);
    let mut grading = Grading { subject, rules, task, seed, decided: Vec::new() };
    grade(&mut grading)?;
    for rule in rules {
        if !grading.decided.iter().any(|check| check.id == rule.id) {
            return Err(Fault::Check(rule.id.to_owned(), "was never decided"));
        }
    }
    let passed = grading.decided.iter().all(|check| check.passed);
    let verdict = if passed { Verdict::Passed } else { Verdict::Failed };
    let asked_ms = Some(grading.subject.asked().as_secs_f64() * 1e3);
    grading.subject.supervisor().tell(&Event::Done { verdict, asked_ms })?;
    Ok(verdict)
}

/// A harness's `main`: grades over descriptor 3; exit 0 once the verdict is said, 70 for our own trouble,
/// which goes to stderr.
pub fn main(
    rules: &'static [Rule],
    work: impl FnOnce(&mut Grading) -> Result<(), Fault>,
) -> ExitCode {
    match grade(Supervisor::inherited(), rules, work) {
        Ok(_) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("harness: {fault}");
            ExitCode::from(70)
        }
    }
}
