use testat_kit::draw::Seed;

use super::*;

#[test]
fn every_grading_has_every_edge_of_the_rules_that_follow_rates() {
    for seed in 0..12 {
        for (kind, count) in [(Kind::Hebb, 9), (Kind::Oja, 8), (Kind::Bcm, 8)] {
            let cases = rate_cases(&mut Seed::new([seed; 32]).stream(1), kind);
            assert_eq!(cases.len(), count);
            assert!(cases.iter().any(|c| c.w0.len() == 1));
            assert!(cases.iter().any(|c| c.x.nrows() == 1));
            assert!(cases.iter().all(|c| bounded(&c.course)));
            let first = cases.first().unwrap();
            assert!(cases.last().is_some_and(|last| last.x == first.x && last.eta == first.eta));
            let still = |c: &&RateCase| c.rule == RateRule::Hebb { decay: 0.0 };
            assert_eq!(cases.iter().filter(still).count(), usize::from(kind == Kind::Hebb));
            if kind == Kind::Bcm {
                // Rectification shows: w.x is on either side of 0.
                let y = first.x.dot(&first.w0);
                assert!(y.iter().any(|y| *y < 0.0) && y.iter().any(|y| *y > 0.0));
            }
        }
    }
}

#[test]
fn every_grading_has_every_edge_of_stdp() {
    for seed in 0..12 {
        let cases = pair_cases(&mut Seed::new([seed; 32]).stream(4));
        assert_eq!(cases.len(), 8);
        let lengths: Vec<f64> = cases.iter().take(3).map(|c| c.spikes.dt).collect();
        assert!(lengths.contains(&0.5) && lengths.contains(&2.0), "{lengths:?}");
        let reached =
            |end: fn(&Pairing) -> f64| cases.iter().any(|c| c.w.iter().any(|w| *w == end(&c.p)));
        assert!(reached(|p| p.w_min) && reached(|p| p.w_max));
        assert!(cases.iter().any(|c| c.p.tau_plus > c.p.tau_minus));
        assert!(cases.iter().any(|c| c.p.tau_plus < c.p.tau_minus));
        assert!(cases.iter().any(|c| c.spikes.post.len() == 1));
        assert!(cases.iter().any(|c| c.w0.len() == 1 && c.spikes.post.len() > 1));
        assert_eq!(cases.first().map(|c| &c.spikes), cases.last().map(|c| &c.spikes));
    }
}

#[test]
fn every_grading_has_every_edge_of_the_window() {
    for seed in 0..12 {
        let cases = window_cases(&mut Seed::new([seed; 32]).stream(5));
        assert_eq!(cases.len(), 8);
        for case in cases.iter().take(3) {
            let any = |low: f64, high: f64| {
                let side = |sign: f64| case.d.iter().any(|d| (low..=high).contains(&(d * sign)));
                side(1.0) && side(-1.0)
            };
            assert!(any(0.0, 0.0) && any(0.05, 0.5) && any(200.0, 400.0) && any(3e4, 6e4));
        }
        assert!(cases.iter().any(|c| c.d.len() == 1 && c.d[0] == 0.0));
    }
}
