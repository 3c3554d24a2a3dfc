//! How far honest and wrong training lie from the thresholds of `learn`, `gain` and `scale`:
//! `cargo run --release --example margins-regularise -- 200`, or with the names of some ways after the number.
//!
//! Each seed draws a lesson as a grading does; each way of training is judged as a grading judges, and beside
//! the same baseline.

#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../../reference/rust/src/solution.rs"]
mod solution;
mod ways;

use testat_kit::draw::Seed;
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, accuracy, classify, forward};
use testat_regularise::draws::{Lesson, WRONG, lesson};
use testat_regularise::reference::{baseline, careless_loss};
use ways::WAYS;

/// Thresholds of `learn`, `gain` and `scale`, as in `project.toml`.
const THRESHOLDS: [f64; 3] = [0.85, 0.12, 2.03];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seeds: u64 = arguments.first().and_then(|n| n.parse().ok()).unwrap_or(20);
    let wanted = |name: &str| arguments.len() < 2 || arguments.iter().any(|part| name == part);
    let lessons: Vec<(u64, Lesson)> = (0..seeds).map(|seed| (seed, draw(seed))).collect();
    let ours: Vec<f64> =
        lessons.iter().map(|(seed, lesson)| unregularised(*seed, lesson)).collect();
    report("baseline accuracy", &ours, None);
    for (name, way) in WAYS.iter().filter(|(name, _)| wanted(name)) {
        let mut values = [Vec::new(), Vec::new(), Vec::new()];
        for ((seed, lesson), ours) in lessons.iter().zip(&ours) {
            let trained = way(lesson, &mut stream(*seed).stream(99));
            let (accuracy, loss) = judge(lesson, &trained);
            for (list, value) in values.iter_mut().zip([accuracy, accuracy - ours, loss]) {
                list.push(value);
            }
        }
        for ((check, list), threshold) in
            ["learn", "gain", "scale"].iter().zip(&values).zip(THRESHOLDS)
        {
            report(&format!("{name}, {check}"), list, Some(threshold));
        }
    }
}

fn stream(number: u64) -> Seed {
    let mut bytes = [0x5a; 32];
    bytes.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    Seed::new(bytes)
}

fn draw(number: u64) -> Lesson {
    lesson(&mut stream(number).stream(10))
}

fn unregularised(number: u64, lesson: &Lesson) -> f64 {
    let mut order = stream(number).stream(20);
    let layers = baseline(&lesson.start, &lesson.train.images, &lesson.train.labels, &mut order);
    judge(lesson, &layers).0
}

/// Accuracy on the hidden images, and the expected loss on labels half of which are wrong.
fn judge(lesson: &Lesson, layers: &[Layer]) -> (f64, f64) {
    let logits = forward(layers, &lesson.test.images.mapv(f64::from), Activation::Relu).logits;
    let truth = &lesson.test.labels;
    (accuracy(&classify(&logits), truth), careless_loss(&logits, truth, WRONG))
}

fn report(name: &str, values: &[f64], threshold: Option<f64>) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    let sd = (square / (count - 1.0).max(1.0)).sqrt();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let margin = threshold.map(|t| format!(", (mean - {t}) / sd {:.1}", (mean - t) / sd));
    println!(
        "{name}: n {count}, min {low:.4}, mean {mean:.4}, max {high:.4}, sd {sd:.4}{}",
        margin.unwrap_or_default()
    );
}
