use testat_kit::draw::Seed;

use super::*;
use crate::diagnosis::stopping::{Mistake, mistaken};

#[test]
fn every_grading_weighs_one_to_four_layers_with_zeros_and_with_either_factor_0() {
    for seed in 0..12 {
        let calls = weighings(&mut Seed::new([seed; 32]).stream(1));
        let depths: Vec<usize> = calls.iter().map(|c| c.given.layers.len()).collect();
        assert_eq!(depths[..4], [1, 2, 3, 4]);
        for call in &calls {
            for layer in &call.given.layers {
                let zeros = layer.w.iter().filter(|w| **w == 0.0).count();
                assert_eq!(zeros, layer.w.len().div_ceil(10));
                assert!(layer.b.iter().all(|b| *b != 0.0));
            }
        }
        let factors: Vec<(bool, bool)> =
            calls.iter().map(|c| (c.given.l1 == 0.0, c.given.l2 == 0.0)).collect();
        for some in [(true, false), (false, true), (true, true), (false, false)] {
            assert!(factors.contains(&some));
        }
        assert!(calls.iter().filter(|call| call.turn == Turn::Following).count() == 2);
        assert_eq!(calls[0].expected.0, calls[calls.len() - 1].expected.0);
    }
}

#[test]
fn every_grading_drops_nothing_little_and_much_while_training_and_not() {
    for seed in 0..12 {
        let calls = droppings(&mut Seed::new([seed; 32]).stream(2));
        let any = |wanted: &dyn Fn(&Drop) -> bool| calls.iter().any(|call| wanted(&call.given));
        assert!(any(&|d| d.q == 0.0 && d.training));
        assert!(any(&|d| d.q > 0.6 && d.training));
        assert!(any(&|d| d.q > 0.6 && !d.training && d.mask.iter().any(|kept| *kept == 0.0)));
        assert!(any(&|d| d.training && d.h.iter().filter(|h| **h == 0.0).count() > 5));
        let (a, b) = (&calls[calls.len() - 3].given, &calls[calls.len() - 2].given);
        assert_eq!(a.h.dim(), b.h.dim());
    }
}

#[test]
fn every_grading_normalises_a_constant_a_narrow_feature_and_two_samples() {
    for seed in 0..12 {
        let calls = normings(&mut Seed::new([seed; 32]).stream(3));
        for call in &calls {
            let norm = &call.given;
            assert!((0.05..0.5).contains(&norm.momentum));
            if norm.training {
                let var = norm.x.var_axis(ndarray::Axis(0), 0.0);
                assert!(var.iter().any(|v| *v == 0.0));
                assert!(var.iter().any(|v| *v > 0.0 && *v < 4.0 * norm.eps));
            }
        }
        let any = |wanted: &dyn Fn(&Norm) -> bool| calls.iter().any(|call| wanted(&call.given));
        for eps in [1e-5, 1e-2] {
            assert!(any(&|n| n.training && n.eps == eps));
            assert!(any(&|n| !n.training && n.eps == eps));
        }
        assert!(any(&|n| n.training && n.x.nrows() == 2));
        assert!(any(&|n| !n.training && n.x.nrows() == 1));
    }
}

#[test]
fn every_mistake_of_early_stopping_shows_in_every_grading() {
    for seed in 0..12 {
        let stories = stories(&mut Seed::new([seed; 32]).stream(4));
        assert_eq!(stories.len(), 41);
        for (mistake, _) in Mistake::ALL {
            let shown =
                stories.iter().filter(|s| mistaken(&s.given, mistake) != s.expected).count();
            assert!(shown >= 3, "{mistake:?} shows in {shown} only");
        }
        assert!(stories.iter().any(|s| s.given.val.len() == 1));
        assert!(stories.iter().any(|s| s.expected.1 + 1 == s.given.val.len() as i64));
        assert!(stories.iter().all(|s| (1..=5).contains(&s.given.patience)));
    }
}

#[test]
fn half_of_the_labels_that_are_handed_out_are_wrong_and_none_of_the_hidden() {
    let mut right = 0;
    for seed in 0..6 {
        let lesson = lesson(&mut Seed::new([seed; 32]).stream(10));
        assert_eq!(lesson.train.images.dim(), (800, 64));
        assert_eq!(lesson.validation.images.dim(), (100, 64));
        assert_eq!(lesson.test.images.dim(), (897, 64));
        assert!(lesson.train.labels.iter().all(|label| (0..10).contains(label)));
        // The same stream without the replacing: images come before any label is replaced.
        let mut stream = Seed::new([seed; 32]).stream(10);
        let alphabet = Alphabet::draw(&mut stream);
        let style = Style { noise: 0.10, polarity: false, strength: 0.5 };
        let clean = alphabet.digits(&mut stream, TRAIN, style);
        assert_eq!(clean.images, lesson.train.images);
        right += clean.labels.iter().zip(&lesson.train.labels).filter(|(a, b)| a == b).count();
    }
    let share = right as f64 / (6.0 * TRAIN as f64);
    assert!((share - 0.5).abs() < 0.04, "{share}");
}
