use testat_kit::draw::Seed;

use super::*;

#[test]
fn every_grading_has_every_edge() {
    for seed in 0..12 {
        let cases = cases(&mut Seed::new([seed; 32]).stream(1));
        assert_eq!(cases.len(), 11);
        let steps = |case: &Case| case.input.dim().1;
        assert!(cases.iter().any(|c| c.input.dim().0 == 1));
        assert!(cases.iter().any(|c| c.input.dim().0 == c.logits.ncols()));
        assert!(cases.iter().any(|c| (2..=4).contains(&steps(c))));
        assert!(cases.iter().any(|c| c.logits.iter().any(|z| *z > 800.0)));
        assert!(cases.iter().any(|c| c.spikes.iter().all(|z| *z == 0)));
        let silent =
            |c: &Case, axis| c.input.axis_iter(axis).any(|part| part.iter().all(|s| *s == 0));
        assert!(cases.iter().any(|c| silent(c, Axis(0)) && silent(c, Axis(2))));
        assert_eq!(cases.first().map(|c| &c.input), cases.last().map(|c| &c.input));
        let (before, after) = (&cases[8], &cases[9]);
        assert_eq!(before.input.dim(), after.input.dim());
        assert_ne!(before.net, after.net);
    }
}

#[test]
fn with_a_single_step_some_potentials_are_the_threshold_itself_in_both_precisions() {
    for seed in 0..12 {
        let cases = cases(&mut Seed::new([seed; 32]).stream(1));
        let one = cases.iter().find(|case| case.input.dim().1 == 1).unwrap();
        let wide = simulate(&one.net, &one.input).potentials;
        let narrow = simulate::<f32>(&cast(&one.net), &one.input).potentials;
        let met = |u: &&f64| **u == 1.0;
        assert!(wide.iter().filter(met).count() >= 2);
        assert_eq!(wide, narrow.mapv(f64::from));
    }
}

#[test]
fn the_surrogate_is_asked_at_the_threshold_and_far_from_it() {
    for seed in 0..12 {
        let probes = probes(&mut Seed::new([seed; 32]).stream(2));
        assert_eq!(probes.len(), 6);
        assert!(probes[0].x.iter().any(|x| *x == 0.0) && probes[1].x.iter().any(|x| *x == 0.0));
        assert_eq!(probes[2].x.len(), 1);
        assert!(probes[3].slope.iter().all(|slope| *slope < 0.0015));
        assert_eq!(probes[0].x, probes[5].x);
    }
}

#[test]
fn a_lesson_has_the_sizes_that_the_handout_says() {
    let lesson = lesson(&mut Seed::new([1; 32]).stream(10));
    assert_eq!(lesson.train.images.dim(), (1200, 64));
    assert_eq!(lesson.spikes.dim(), (597, 20, 64));
    let [hidden, output] = &lesson.start;
    assert_eq!((hidden.w.dim(), output.w.dim()), ((64, 32), (32, 10)));
}
