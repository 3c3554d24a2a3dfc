//! Exact integration, the closed form of the f-I curve, and a regression that finds the neuron.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use testat_kit::lif::{Lif, Neuron, Recording, Simulated};
use testat_kit::serve::Problem;

/// A right solution.
pub(crate) struct Solution;

impl Lif for Solution {
    fn simulate(&mut self, i: ArrayView2<f64>, p: Neuron, dt: f64) -> Result<Simulated, Problem> {
        let hold = (p.t_ref / dt + 0.5).floor() as usize;
        let decay = (-dt / p.tau).exp();
        let (mut v, mut s) = (Array2::zeros(i.dim()), Array2::zeros(i.dim()));
        for n in 0..i.nrows() {
            let (mut potential, mut left) = (p.v_rest, 0);
            for k in 0..i.ncols() {
                if left > 0 {
                    left -= 1;
                    potential = p.v_reset;
                } else {
                    let v_inf = p.v_rest + p.r * i[[n, k]];
                    potential = v_inf + (potential - v_inf) * decay;
                    if potential >= p.theta {
                        s[[n, k]] = 1;
                        potential = p.v_reset;
                        left = hold;
                    }
                }
                v[[n, k]] = potential;
            }
        }
        Ok(Simulated { v, s })
    }

    fn fi_curve(&mut self, i: ArrayView1<f64>, p: Neuron) -> Result<Array1<f64>, Problem> {
        Ok(i.mapv(|i| {
            let v_inf = p.v_rest + p.r * i;
            if v_inf <= p.theta {
                return 0.0;
            }
            // From v_reset to theta the potential climbs towards v_inf; then it is held for t_ref.
            let climb = p.tau * ((v_inf - p.v_reset) / (v_inf - p.theta)).ln();
            1000.0 / (p.t_ref + climb)
        }))
    }

    fn identify(&mut self, recording: Recording<'_>) -> Result<Neuron, Problem> {
        let Recording { s, v, dt, .. } = recording;
        let first = s.indexed_iter().find(|(_, s)| **s == 1).map(|(at, _)| at);
        let v_reset = v[first.ok_or("a recording without a spike")?];
        let hold = held_steps(&recording, v_reset).ok_or("no refractory period to be seen")?;
        let steps = free_steps(&recording, hold);
        let line = fit(steps.iter().filter(|step| !step.fires))?;
        let v_inf = |step: &Step| line.v_rest + line.r * step.current;
        // The threshold lies between the largest V' without a spike and the smallest with one.
        let (mut silent, mut firing) = (f64::NEG_INFINITY, f64::INFINITY);
        for step in &steps {
            let stepped = v_inf(step) + (step.before - v_inf(step)) * line.decay;
            if step.fires {
                firing = firing.min(stepped);
            } else {
                silent = silent.max(stepped);
            }
        }
        Ok(Neuron {
            v_rest: line.v_rest,
            v_reset,
            theta: (silent + firing) / 2.0,
            r: line.r,
            tau: -dt / line.decay.ln(),
            t_ref: hold as f64 * dt,
        })
    }
}

/// One step outside the refractory period.
struct Step {
    before: f64,
    after: f64,
    current: f64,
    fires: bool,
}

/// For how many steps V stays at the reset after the step of a spike: most often so.
fn held_steps(recording: &Recording<'_>, v_reset: f64) -> Option<usize> {
    let Recording { v, s, .. } = recording;
    let mut counts = Vec::new();
    for n in 0..v.nrows() {
        for k in (0..v.ncols()).filter(|k| s[[n, *k]] == 1) {
            let held = (k + 1..v.ncols()).take_while(|k| v[[n, *k]] == v_reset).count();
            if k + 1 + held < v.ncols() {
                counts.push(held);
            }
        }
    }
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}

fn free_steps(recording: &Recording<'_>, hold: usize) -> Vec<Step> {
    let Recording { i, v, s, .. } = recording;
    let mut steps = Vec::new();
    for n in 0..v.nrows() {
        let mut left = if s[[n, 0]] == 1 { hold } else { 0 };
        for k in 1..v.ncols() {
            if left > 0 {
                left -= 1;
                continue;
            }
            let fires = s[[n, k]] == 1;
            if fires {
                left = hold;
            }
            let (before, after, current) = (v[[n, k - 1]], v[[n, k]], i[[n, k]]);
            steps.push(Step { before, after, current, fires });
        }
    }
    steps
}

/// What V' = v_inf + (V - v_inf) decay with v_inf = v_rest + R I has to be known of.
struct Line {
    decay: f64,
    v_rest: f64,
    r: f64,
}

/// Least squares of V' - V = (1 - decay) (v_rest - V + R I), about the means so that no digits are lost.
fn fit<'a>(steps: impl Iterator<Item = &'a Step> + Clone) -> Result<Line, Problem> {
    let count = steps.clone().count() as f64;
    let mean = |of: &dyn Fn(&Step) -> f64| steps.clone().map(of).sum::<f64>() / count;
    let (v, i) = (mean(&|s| s.before), mean(&|s| s.current));
    let change = mean(&|s| s.after - s.before);
    let sum = |of: &dyn Fn(f64, f64, f64) -> f64| {
        let term = |s: &Step| of(s.before - v, s.current - i, s.after - s.before - change);
        steps.clone().map(term).sum::<f64>()
    };
    let (vv, vi, ii) = (sum(&|v, _, _| v * v), sum(&|v, i, _| v * i), sum(&|_, i, _| i * i));
    let (vd, id) = (sum(&|v, _, d| v * d), sum(&|_, i, d| i * d));
    let determinant = vv * ii - vi * vi;
    if determinant <= 0.0 {
        return Err("the recording does not determine a line".into());
    }
    let leak = -(vd * ii - id * vi) / determinant;
    let r = (id * vv - vd * vi) / determinant / leak;
    Ok(Line { decay: 1.0 - leak, v_rest: v + change / leak - r * i, r })
}
