//! Whole gradings inside one process: a right solution passes, wrong and hostile ones fail by their check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../kit/tests/shared/mod.rs"]
mod shared;
#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../reference/rust/src/solution.rs"]
mod solution;
mod wrong;

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use shared::{assert_passes_alike, assert_same_checks};
use solution::Solution;
use testat_kit::lif::{Lif, Neuron, Recording, Simulated, answers};
use testat_kit::rehearsal::{Rehearsal, rehearse, rehearse_raw, task};
use testat_kit::report::{Task, Verdict};
use testat_kit::serve::Problem;
use testat_lif::{RULES, grade};
use wrong::{Slip, Slipping};

const THRESHOLDS: [(&str, f64); 6] = [
    ("start", 1.0),
    ("voltage", 1e-6),
    ("spikes", 0.0),
    ("fi", 1.0),
    ("identify", 1.0),
    ("repeatable", 0.0),
];

fn seed(number: u8) -> Task {
    task([number; 32], &THRESHOLDS)
}

fn slipping(number: u8, slip: Slip) -> Rehearsal {
    rehearse(seed(number), &RULES, grade, move || answers(Slipping(slip))).unwrap()
}

#[test]
fn the_harness_and_project_toml_name_the_same_checks() {
    assert_same_checks(include_str!("../project.toml"), &RULES, &THRESHOLDS);
}

#[test]
fn the_reference_passes_and_is_deterministic() {
    let [once, again] =
        [1, 1].map(|number| rehearse(seed(number), &RULES, grade, || answers(Solution)).unwrap());
    let figures = ["trace", "trace-other", "raster", "fi", "identified", "parameters"];
    assert_passes_alike(&once, &again, &RULES, &figures);
}

#[test]
fn each_slip_fails_by_its_check_first_and_the_message_names_the_mistake() {
    for (slip, check, words) in Slip::ALL {
        let rehearsal = slipping(2, slip);
        let failed = rehearsal.checks.iter().find(|check| !check.passed);
        assert!(failed.is_some(), "{slip:?} passed");
        let failed = failed.unwrap();
        assert_eq!(failed.id, check, "{slip:?}: {}", failed.message);
        assert!(failed.message.contains(words), "{slip:?}: {}", failed.message);
        assert_eq!(rehearsal.verdict, Some(Verdict::Failed));
    }
}

/// Right in other ways than the reference: the step written as a weighted mean, rates simulated in steps of
/// 0.1 ms, the threshold taken for the largest potential, the shortest t_ref that rounds to the steps seen.
struct Otherwise;

impl Lif for Otherwise {
    fn simulate(&mut self, i: ArrayView2<f64>, p: Neuron, dt: f64) -> Result<Simulated, Problem> {
        let hold = (p.t_ref / dt).round() as usize;
        let (kept, new) = ((-dt / p.tau).exp(), -(-dt / p.tau).exp_m1());
        let (mut v, mut s) = (Array2::zeros(i.dim()), Array2::zeros(i.dim()));
        for n in 0..i.nrows() {
            let (mut potential, mut free_at) = (p.v_rest, 0);
            for k in 0..i.ncols() {
                if k >= free_at {
                    potential = kept * potential + new * (p.v_rest + p.r * i[[n, k]]);
                    if potential >= p.theta {
                        (s[[n, k]], potential, free_at) = (1, p.v_reset, k + 1 + hold);
                    }
                }
                v[[n, k]] = potential;
            }
        }
        Ok(Simulated { v, s })
    }

    fn fi_curve(&mut self, i: ArrayView1<f64>, p: Neuron) -> Result<Array1<f64>, Problem> {
        let dt = 0.1;
        let i = Array2::from_shape_fn((i.len(), 20_000), |(n, _)| i[n]);
        let Simulated { s, .. } = self.simulate(i.view(), p, dt)?;
        let rate = |row: ArrayView1<u8>| {
            let at: Vec<usize> = (0..row.len()).filter(|k| row[*k] == 1).collect();
            let span = at.last().zip(at.first()).map_or(0, |(last, first)| last - first);
            if span == 0 { 0.0 } else { 1000.0 * (at.len() - 1) as f64 / (span as f64 * dt) }
        };
        Ok(s.rows().into_iter().map(rate).collect())
    }

    fn identify(&mut self, recording: Recording<'_>) -> Result<Neuron, Problem> {
        let neuron = Solution.identify(recording)?;
        let theta = recording.v.fold(f64::NEG_INFINITY, |most: f64, v| most.max(*v));
        Ok(Neuron { theta, t_ref: neuron.t_ref - 0.49 * recording.dt, ..neuron })
    }
}

#[test]
fn other_right_ways_pass_too() {
    for number in 10..30 {
        let rehearsal = rehearse(seed(number), &RULES, grade, || answers(Otherwise)).unwrap();
        assert_eq!(rehearsal.failed(), Vec::<&str>::new(), "{:#?}", rehearsal.checks);
    }
}

/// Grades what answers each subject's bare pipes.
fn raw(act: fn(File, File)) -> (Rehearsal, Duration) {
    let mut task = seed(3);
    task.request_ms = 300;
    task.train_ms = 300;
    let begun = Instant::now();
    let start = move |requests: OwnedFd, replies: OwnedFd| {
        thread::spawn(move || act(File::from(requests), File::from(replies)));
    };
    (rehearse_raw(task, &RULES, grade, start).unwrap(), begun.elapsed())
}

#[test]
fn a_subject_that_never_answers_fails_every_check_and_costs_its_time_limit() {
    let (rehearsal, time) = raw(|_requests, _replies| thread::sleep(Duration::from_secs(3)));
    assert_eq!(rehearsal.failed().len(), 6);
    assert!(rehearsal.checks[0].message.contains("within 0.3 s"));
    assert!(time < Duration::from_secs(2), "{time:?}");
}

#[test]
fn a_subject_that_stops_reading_can_not_hang_a_large_request() {
    // Answers everything but `identify`, whose request alone is larger than 700,000 bytes.
    let deaf = |mut requests: File, mut replies: File| {
        let mut answers = answers(Solution);
        loop {
            let mut start = [0; 4];
            if requests.read_exact(&mut start).is_err() {
                return;
            }
            if u32::from_le_bytes(start) > 700_000 {
                thread::sleep(Duration::from_secs(3));
                return;
            }
            let mut body = vec![0; u32::from_le_bytes(start) as usize];
            requests.read_exact(&mut body).unwrap();
            let frame = [&start[..], &body].concat();
            testat_kit::serve::serve_over(&frame[..], &mut replies, &mut answers).unwrap();
        }
    };
    let (rehearsal, time) = raw(deaf);
    assert_eq!(rehearsal.failed(), ["identify", "repeatable"]);
    assert!(rehearsal.checks[4].message.contains("`identify` did not answer within 0.3 s"));
    assert!(time < Duration::from_secs(3), "{time:?}");
}
