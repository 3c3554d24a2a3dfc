use testat_kit::draw::Seed;

use super::*;
use crate::draws::droppings;

#[test]
fn dropout_scaled_at_the_test_is_told_from_dropout_without_its_factor() {
    let calls = droppings(&mut Seed::new([1; 32]).stream(2));
    for case in calls.iter().filter(|case| case.given.q > 0.0) {
        let Drop { h, mask, q, dout, training } = &case.given;
        let (out, dh, words) = if *training {
            (h * mask, dout * mask, "The factor 1/(1 - q) is missing.")
        } else {
            let keep = 1.0 - q;
            (h * keep, dout * keep, "leaves the test alone")
        };
        let hint = of_dropout(&out, &dh, case);
        assert!(hint.is_some_and(|hint| hint.contains(words)), "{}: {hint:?}", case.edge);
    }
}
