use testat_kit::draw::Seed;

use super::*;

fn seeds() -> impl Iterator<Item = Seed> {
    (0..30).map(|number| Seed::new([number; 32]))
}

#[test]
fn every_grading_simulates_every_edge() {
    for seed in seeds() {
        let cases = cases(&mut seed.stream(1));
        assert_eq!(cases.len(), 9);
        let plain = &cases[..4];
        for dt in [0.05, 0.1, 0.25, 0.5] {
            assert!(plain.iter().any(|case| case.dt == dt));
        }
        let part = |case: &Case| case.neuron.t_ref / case.dt % 1.0;
        for up in [true, false] {
            for above in [true, false] {
                let found = plain.iter().any(|case| {
                    let is_above = case.neuron.v_reset > case.neuron.v_rest;
                    (part(case) > 0.5) == up && is_above == above
                });
                assert!(found, "t_ref rounded up: {up}, reset above rest: {above}");
            }
        }
        assert!(cases.iter().all(|case| (part(case) - 0.5).abs() > 0.09));
        assert!(plain.iter().any(|case| case.current.nrows() == 1));
        assert!(plain.iter().any(|case| case.current.nrows() == RECORDED));
        assert!(cases.iter().any(|case| case.current.ncols() == 1));
        assert!(cases.iter().any(|case| case.neuron.hold(case.dt) == 0));
        assert_eq!(cases[4].current.dim(), cases[3].current.dim());
        assert_eq!(cases[8].current, cases[0].current);
    }
}

#[test]
fn no_rounding_can_make_or_lose_a_spike() {
    for seed in seeds() {
        for case in cases(&mut seed.stream(1)) {
            let gap = case.run.gap(case.neuron.theta);
            if case.neuron.theta == case.neuron.v_rest {
                assert_eq!(gap, 0.0);
                // Every way to write the step meets a threshold that is a power of two.
                let (v, a) = (case.neuron.v_rest, case.neuron.decay(case.dt));
                let written = [v * a + (1.0 - a) * v, v + (v - v) * (1.0 - a), v * a + v - v * a];
                assert_eq!(written, [v; 3]);
                assert!(case.run.spikes().iter().all(|count| *count >= 2));
            } else {
                assert!(gap > GAP, "{gap}");
            }
        }
    }
}

#[test]
fn every_curve_looks_just_below_and_just_above_the_rheobase() {
    for seed in seeds() {
        let sweeps = sweeps(&mut seed.stream(2));
        assert_eq!(sweeps.iter().filter(|sweep| sweep.current.len() == 1).count(), 1);
        for sweep in sweeps.iter().filter(|sweep| sweep.current.len() > 1) {
            let within = |low: f64, high: f64| {
                let share = |i: &&f64| (low..=high).contains(&(**i / sweep.neuron.rheobase()));
                sweep.current.iter().filter(share).count()
            };
            assert_eq!((within(-1.0, -0.1), within(0.98, 0.995), within(1.005, 1.02)), (1, 1, 3));
            assert!(sweep.rate.iter().all(|rate| *rate == 0.0 || *rate > 5.0));
        }
    }
}

#[test]
fn recordings_are_of_neurons_apart_and_fit_a_frame() {
    for seed in seeds() {
        let recordings = recordings(&mut seed.stream(10));
        assert_eq!(recordings.len(), 4);
        for recording in &recordings {
            let neuron = &recording.neuron;
            assert!((neuron.v_reset - neuron.v_rest).abs() >= 2.0);
            assert!(recording.run.silent < neuron.theta && neuron.theta <= recording.run.firing);
            let bytes = recording.current.len() * (8 + 8 + 1);
            assert!(bytes < 2 << 20, "{bytes} bytes");
        }
    }
}

/// A change here is a change of every task ever set: never on purpose.
#[test]
fn a_seed_draws_the_same_neurons_for_ever() {
    let case = cases(&mut Seed::new([1; 32]).stream(1)).remove(0);
    let some = [case.neuron.tau, case.current[[0, 100]], case.run.v[[0, 100]]];
    assert_eq!(
        some.map(f64::to_bits),
        [4621119779591920098, 4612222916739477080, 13854739207836613630]
    );
}
