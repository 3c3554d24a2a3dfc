//! How far honest and wrong ways lie from the thresholds of `acc`, `forget`, `near` and `far`:
//! `cargo run --release --example margins-continual -- 200`.
//!
//! Each seed draws a lesson as a grading does; each way is judged as a grading judges.

mod ways;

use testat_continual::judge::{Labels, Scores, accuracy, forgetting, matrix};
use testat_continual::lesson::Lesson;
use testat_kit::draw::{Seed, Stream};
use ways::WAYS;

/// What a way answers: a label for every test image after each task, a score for every image of the gallery.
struct Answers {
    labels: Labels,
    scores: Vec<f64>,
}

/// A way of learning and scoring.
type Way = fn(&Lesson, &mut Stream) -> Answers;

const CHECKS: [(&str, f64, f64); 4] =
    [("acc", 0.62, 1.0), ("forget", 0.55, -1.0), ("near", 0.70, 1.0), ("far", 0.90, 1.0)];

fn main() {
    let seeds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20);
    let only = std::env::args().nth(2).unwrap_or_default();
    for (name, way) in WAYS.into_iter().filter(|(name, _)| name.contains(&only)) {
        let values: Vec<[f64; 4]> = (0..seeds).map(|seed| measure(seed, way)).collect();
        println!("{name}, n {seeds}");
        for (at, (check, threshold, side)) in CHECKS.into_iter().enumerate() {
            let mut own: Vec<f64> = values.iter().filter_map(|v| v.get(at)).copied().collect();
            own.sort_by(f64::total_cmp);
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            let square = own.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
            let sd = (square / (own.len().max(2) - 1) as f64).sqrt();
            let passed = own.iter().filter(|v| side * (**v - threshold) >= 0.0).count();
            println!(
                "    {check:6} min {:.4} mean {mean:.4} max {:.4} sd {sd:.4} z {:+.1} passed {passed}",
                own.first().copied().unwrap_or_default(),
                own.last().copied().unwrap_or_default(),
                side * (mean - threshold) / sd.max(1e-9)
            );
        }
    }
}

fn measure(seed: u64, way: Way) -> [f64; 4] {
    let mut bytes = [0x5a; 32];
    bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
    let seed = Seed::new(bytes);
    let lesson = Lesson::draw(&mut seed.stream(10));
    let Answers { labels, scores } = way(&lesson, &mut seed.stream(99));
    let scores = Scores::of(&lesson, &scores);
    let forgot = forgetting(&matrix(&lesson, &labels));
    [accuracy(&lesson, &labels), forgot, scores.near_area(), scores.far_detected()]
}
