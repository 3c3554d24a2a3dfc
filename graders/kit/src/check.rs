//! How a value is compared, and what a check says.

use ndarray::{ArrayBase, Data, Dimension};

/// What one check measured, before it is held against its threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The value; none when nothing could be measured, and then the check fails.
    pub value: Option<f64>,
    /// What was asked, what came, what was expected.
    pub message: String,
}

impl Measured {
    /// A value and what there is to say about it. A value that is not finite counts as none.
    pub fn new(value: f64, message: impl Into<String>) -> Self {
        Self { value: value.is_finite().then_some(value), message: message.into() }
    }

    /// Nothing could be measured.
    pub fn nothing(message: impl Into<String>) -> Self {
        Self { value: None, message: message.into() }
    }
}

/// `max|a-b| / max(max|b|, 1e-8)`: the largest difference, scaled by the largest entry expected.
/// Infinite if the shapes differ or an entry of `a` is not finite; 0 for empty tensors.
pub fn scaled_err<S: Data<Elem = f64>, T: Data<Elem = f64>, D: Dimension>(
    a: &ArrayBase<S, D>,
    b: &ArrayBase<T, D>,
) -> f64 {
    if a.shape() != b.shape() || a.iter().any(|value| !value.is_finite()) {
        return f64::INFINITY;
    }
    let scale = b.iter().fold(1e-8, |max: f64, value| max.max(value.abs()));
    a.iter().zip(b).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs())) / scale
}

/// The entry at which two tensors of one shape differ most.
#[derive(Clone, Debug, PartialEq)]
pub struct Worst {
    /// Its index.
    pub index: Vec<usize>,
    /// What came there.
    pub got: f64,
    /// What was expected there.
    pub expected: f64,
}

/// Where `a` differs most from `b`; none if the shapes differ or there is nothing in them.
pub fn worst<S: Data<Elem = f64>, T: Data<Elem = f64>, D: Dimension>(
    a: &ArrayBase<S, D>,
    b: &ArrayBase<T, D>,
) -> Option<Worst> {
    if a.shape() != b.shape() {
        return None;
    }
    let difference = |a: f64, b: f64| if a.is_finite() { (a - b).abs() } else { f64::INFINITY };
    let flat = a
        .iter()
        .zip(b)
        .map(|(a, b)| difference(*a, *b))
        .enumerate()
        .max_by(|x, y| x.1.total_cmp(&y.1))
        .map(|(at, _)| at)?;
    let (got, expected) = (*a.iter().nth(flat)?, *b.iter().nth(flat)?);
    let mut index = vec![0; a.ndim()];
    let mut rest = flat;
    for (axis, length) in a.shape().iter().enumerate().rev() {
        if let Some(place) = index.get_mut(axis) {
            *place = rest % length;
        }
        rest /= length;
    }
    Some(Worst { index, got, expected })
}

/// The median of an odd number of values: of three, the middle one.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;

    #[test]
    fn the_difference_is_scaled_by_the_largest_entry_expected() {
        let b = arr2(&[[1.0, -4.0], [0.0, 2.0]]);
        let a = arr2(&[[1.0, -4.0], [0.5, 2.1]]);
        assert_eq!(scaled_err(&a, &b), 0.125);
        assert_eq!(worst(&a, &b), Some(Worst { index: vec![1, 0], got: 0.5, expected: 0.0 }));
        assert_eq!(scaled_err(&arr1(&[1e-9]), &arr1(&[0.0])), 0.1);
    }

    #[test]
    fn what_is_not_finite_or_of_another_shape_is_infinitely_far_away() {
        let b = arr1(&[1.0, 2.0]);
        assert_eq!(scaled_err(&arr1(&[1.0, f64::NAN]), &b), f64::INFINITY);
        assert_eq!(scaled_err(&arr1(&[1.0]), &b), f64::INFINITY);
        assert_eq!(worst(&arr1(&[9.0, f64::NAN]), &b).map(|w| w.index), Some(vec![1]));
        assert_eq!(Measured::new(f64::INFINITY, "").value, None);
    }

    #[test]
    fn the_median_of_three_is_the_middle_one() {
        assert_eq!(median(&[0.9, 0.1, 0.5]), Some(0.5));
        assert_eq!(median(&[]), None);
    }
}
