//! What the answers of a learner are worth: accuracies by task, forgetting, how well strangers are told.

use crate::lesson::{Lesson, PAIR, STRANGERS, TASKS};
use crate::reference::between;

/// The share of known images that a detector may take for strangers.
pub const ALARMS: f64 = 0.05;

/// Accuracies: after task t (row) on the classes of task u (column), 0 where u has not been learnt.
pub type Matrix = [[f64; TASKS]; TASKS];

/// The answers of `predict`: for each task, the label of every test image asked, 0 elsewhere.
pub type Labels = Vec<Vec<i64>>;

/// M[t, u], the accuracy after task t on the test images of the classes of task u.
pub fn matrix(lesson: &Lesson, labels: &Labels) -> Matrix {
    let mut matrix = [[0.0; TASKS]; TASKS];
    for (t, (row, labels)) in matrix.iter_mut().zip(labels).enumerate() {
        for (u, cell) in row.iter_mut().enumerate().take(t + 1) {
            let own =
                lesson.test.labels.iter().zip(labels).filter(|(truth, _)| {
                    lesson.place(**truth).is_some_and(|place| place / PAIR == u)
                });
            let (mut right, mut all) = (0u32, 0u32);
            for (truth, label) in own {
                right += u32::from(truth == label);
                all += 1;
            }
            *cell = f64::from(right) / f64::from(all.max(1));
        }
    }
    matrix
}

/// The share of all test images that are classified rightly after the last task.
pub fn accuracy(lesson: &Lesson, labels: &Labels) -> f64 {
    let Some(last) = labels.last() else { return 0.0 };
    let right = lesson.test.labels.iter().zip(last).filter(|(truth, label)| truth == label).count();
    right as f64 / lesson.test.labels.len().max(1) as f64
}

/// The mean over all tasks but the last of what each has lost at the end against its best.
pub fn forgetting(matrix: &Matrix) -> f64 {
    let end = matrix.last().copied().unwrap_or_default();
    let before = TASKS - 1;
    let lost = |u: usize| {
        let column = matrix.iter().take(before).skip(u).filter_map(|row| row.get(u));
        let best = column.fold(0.0, |best: f64, value| best.max(*value));
        best - end.get(u).copied().unwrap_or_default()
    };
    (0..before).map(lost).sum::<f64>() / before as f64
}

/// Scores of the gallery in its three parts.
#[derive(Clone, Debug)]
pub struct Scores {
    /// Of test images of the classes learnt.
    pub known: Vec<f64>,
    /// Of images of glyphs never shown.
    pub near: Vec<f64>,
    /// Of known images with shuffled pixels.
    pub far: Vec<f64>,
}

impl Scores {
    /// Splits the scores of the gallery.
    pub fn of(lesson: &Lesson, all: &[f64]) -> Self {
        let known = lesson.test.labels.len();
        let part = |from: usize, count: usize| all.iter().skip(from).take(count).copied().collect();
        Self {
            known: part(0, known),
            near: part(known, STRANGERS),
            far: part(known + STRANGERS, STRANGERS),
        }
    }

    /// AUROC of near strangers against known images.
    pub fn near_area(&self) -> f64 {
        between(&self.known, &self.near)
    }

    /// AUROC of far strangers against known images.
    pub fn far_area(&self) -> f64 {
        between(&self.known, &self.far)
    }

    /// The share of far strangers that score above the alarm threshold: at most 5 % of the known images
    /// do.
    pub fn far_detected(&self) -> f64 {
        let alarm = alarm(&self.known);
        let above = self.far.iter().filter(|score| **score > alarm).count();
        above as f64 / self.far.len().max(1) as f64
    }
}

/// The smallest score that at most 5 % of these exceed.
fn alarm(known: &[f64]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let allowed = (known.len() as f64 * ALARMS) as usize;
    sorted.get(allowed).copied().unwrap_or(f64::INFINITY)
}

/// How wide the middle half of the scores of known images is: the scale by which differences are judged.
/// Strangers do not count, or a few huge scores would hide any difference.
pub fn spread(known: &[f64]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: usize| sorted.get(sorted.len() * share / 4).copied().unwrap_or_default();
    at(3) - at(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_is_the_mean_loss_against_the_best() {
        let matrix = [
            [1.0, 0.0, 0.0, 0.0],
            [0.5, 0.9, 0.0, 0.0],
            [0.4, 0.95, 1.0, 0.0],
            [0.4, 0.05, 0.7, 1.0],
        ];
        assert!((forgetting(&matrix) - (0.6 + 0.9 + 0.3) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn a_constant_detects_nothing_and_a_perfect_score_everything() {
        let scores = |known: f64, far: f64| Scores {
            known: vec![known; 100],
            near: vec![0.0; 4],
            far: vec![far; 4],
        };
        assert_eq!(scores(1.0, 1.0).far_detected(), 0.0);
        assert_eq!(scores(1.0, 2.0).far_detected(), 1.0);
        let mut some = scores(1.0, 2.0);
        some.known.iter_mut().take(6).for_each(|score| *score = 3.0);
        assert_eq!(some.far_detected(), 0.0, "6 of 100 known images would raise an alarm at 2");
        some.known[0] = 1.0;
        assert_eq!(some.far_detected(), 1.0);
        assert_eq!(spread(&[0.0, 1.0, 2.0, 3.0]), 2.0);
    }
}
