//! The hyperbolic tangent without a branch, so that the compiler takes several numbers at once: the one of
//! the system's library took most of the time of a run. It is also the same to the bit on every machine.

/// ln 2 in two parts, the first with zeros at its end, so that its multiples are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
/// Added and taken away again it rounds to a whole number, whose last bits are then those of the sum.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Numbers with this tangent.
pub trait Tanh {
    /// The hyperbolic tangent.
    #[must_use]
    fn fast_tanh(self) -> Self;
}

impl Tanh for f64 {
    #[inline]
    fn fast_tanh(self) -> Self {
        tanh(self)
    }
}

impl Tanh for f32 {
    #[inline]
    fn fast_tanh(self) -> Self {
        tanh(f64::from(self)) as Self
    }
}

/// tanh(z), at most 4e-16 from the system's; beyond 20 it is 1 in double precision.
#[inline]
fn tanh(z: f64) -> f64 {
    let e = exp(-2.0 * z.abs().min(20.0));
    ((1.0 - e) / (1.0 + e)).copysign(z)
}

/// exp(x) for x from -40 to 0: 2^k exp(r), with |r| at most half of ln 2, by its series.
#[inline]
fn exp(x: f64) -> f64 {
    let shifted = x * std::f64::consts::LOG2_E + ROUNDER;
    let k = shifted - ROUNDER;
    let r = (x - k * LN_2[0]) - k * LN_2[1];
    let mut sum = 1.0 / 6_227_020_800.0;
    for factorial in [
        479_001_600.0,
        39_916_800.0,
        3_628_800.0,
        362_880.0,
        40_320.0,
        5_040.0,
        720.0,
        120.0,
        24.0,
        6.0,
        2.0,
        1.0,
        1.0,
    ] {
        sum = sum * r + 1.0 / factorial;
    }
    sum * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_systems_to_the_last_bits() {
        for step in -400_000..=400_000 {
            let z = f64::from(step) * 6.1e-5;
            assert!((tanh(z) - z.tanh()).abs() <= 4e-16, "tanh({z}) is {}", tanh(z));
        }
        assert_eq!(tanh(0.0), 0.0);
        assert_eq!([tanh(1e300), tanh(-1e300), tanh(f64::INFINITY)], [1.0, -1.0, 1.0]);
        assert!((tanh(1e-9) - 1e-9).abs() < 1e-15);
    }
}
