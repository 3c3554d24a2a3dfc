//! Fresh random arguments from a grading's seed: ChaCha20, one independent stream for each purpose, so
//! that drawing more for one check changes nothing for another.

use ndarray::{Array, Dimension, ShapeBuilder};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rand_distr::{Distribution, StandardNormal};

/// The seed of a grading: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed([u8; 32]);

/// A seed's text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a seed is 64 hexadecimal digits")]
pub struct BadSeed;

impl Seed {
    /// The seed of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`BadSeed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, BadSeed> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadSeed)?;
        Ok(Self(bytes))
    }

    /// The stream of this number, from its start.
    pub fn stream(&self, number: u64) -> Stream {
        let mut generator = ChaCha20Rng::from_seed(self.0);
        generator.set_stream(number);
        Stream { generator }
    }
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha20Rng,
}

impl Stream {
    /// A standard normal number.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.generator)
    }

    /// Uniform in [low, high): 53 random bits.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        let unit = (self.generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        low + (high - low) * unit
    }

    /// Uniform in 0..count, without bias; 0 if `count` is 0 or 1.
    pub fn below(&mut self, count: usize) -> usize {
        let count = count.max(1) as u64;
        let whole = u64::MAX - u64::MAX % count;
        loop {
            let word = self.generator.next_u64();
            if word < whole {
                return (word % count) as usize;
            }
        }
    }

    /// Uniform in low..=high; `low` if `high` is smaller.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform(0.0, 1.0) < probability
    }

    /// The numbers 0..count in a random order.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = self.below(last + 1);
            order.swap(last, other);
        }
        order
    }

    /// Independent normal numbers of this standard deviation.
    pub fn normals<Sh, D>(&mut self, shape: Sh, deviation: f64) -> Array<f64, D>
    where
        Sh: ShapeBuilder<Dim = D>,
        D: Dimension,
    {
        Array::from_shape_simple_fn(shape, || deviation * self.normal())
    }

    /// Independent labels, uniform in 0..classes.
    pub fn labels(&mut self, count: usize, classes: usize) -> ndarray::Array1<i64> {
        Array::from_shape_simple_fn(count, || self.below(classes) as i64)
    }

    /// A seed to hand to a subject: uniform in 0..2^31, so that every library takes it.
    pub fn handed_seed(&mut self) -> i64 {
        self.below(1 << 31) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    /// A change here is a change of every draw ever shown to a student: never on purpose.
    #[test]
    fn a_seed_draws_the_same_values_for_ever() {
        let mut stream = Seed::parse(TEXT).unwrap().stream(1);
        let first: Vec<String> = (0..3).map(|_| format!("{:.17e}", stream.normal())).collect();
        let uniform = format!("{:.17e}", stream.uniform(-1.0, 1.0));
        let order = stream.permutation(8);
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        assert_eq!(
            (first.as_slice(), uniform.as_str(), order.as_slice()),
            (
                &["1.64273175537511862e-1", "9.84769444948020767e-1", "-9.04803439296172907e-2"][..],
                "1.71145680610018891e-1",
                &[4, 1, 0, 3, 5, 2, 7, 6][..]
            )
        );
    }

    #[test]
    fn streams_of_one_seed_are_independent() {
        let seed = Seed::parse(TEXT).unwrap();
        assert_ne!(seed.stream(1).normal(), seed.stream(2).normal());
        assert_eq!(seed.stream(2).normal(), seed.stream(2).normal());
        assert_ne!(seed.stream(1).normal(), Seed::new([0; 32]).stream(1).normal());
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_them() {
        let mut stream = Seed::new([7; 32]).stream(0);
        let drawn: Vec<usize> = (0..2000).map(|_| stream.between(3, 6)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&6)));
        assert!((0..2000).all(|_| (2.0..3.0).contains(&stream.uniform(2.0, 3.0))));
        assert_eq!((stream.below(0), stream.below(1), stream.between(5, 2)), (0, 0, 5));
        let mut order = stream.permutation(50);
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_seed_of_another_length_is_refused() {
        for text in ["", "12", &TEXT[1..], &format!("{TEXT}00"), &TEXT.replace('f', "g")] {
            assert_eq!(Seed::parse(text), Err(BadSeed));
        }
    }
}
