//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.

use std::time::{SystemTime, UNIX_EPOCH};

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use testat_kit::plasticity::{Pairing, Plasticity};
use testat_kit::serve::Problem;

use crate::solution::Solution;

/// What a solution does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slip {
    NoDecay,
    Panics,
    OjaIsHebb,
    NoRow0,
    Infinite,
    Exchanged,
    NoBounds,
    AlwaysOneMillisecond,
    WindowReversed,
    GainAtZero,
    Clock,
    TooLong,
    SameDirection,
    NoDirections,
    EqualWeights,
    Negated,
    NeitherLearner,
    EqualWeightsAndNoDecay,
}

impl Slip {
    /// Each with the check that must catch it, and words that its message must hold.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 16] = [
        (Self::NoDecay, "hebb", "without the decay"),
        (Self::Panics, "hebb", "it panicked: no such thing"),
        (Self::OjaIsHebb, "oja", "takes eta y^2 w away"),
        (Self::NoRow0, "oja", "has the shape"),
        (Self::Infinite, "bcm", "must be finite"),
        (Self::Exchanged, "stdp", "Input and output seem to be exchanged"),
        (Self::NoBounds, "stdp", "leave their bounds"),
        (Self::AlwaysOneMillisecond, "stdp", "is the argument `dt` used?"),
        (Self::WindowReversed, "window", "d is output minus input"),
        (Self::GainAtZero, "window", "For d = 0 the change is 0"),
        (Self::Clock, "repeatable", "numbers differ"),
        (Self::TooLong, "pca", "Its length should be 1"),
        (Self::SameDirection, "pca", "median of three"),
        (Self::NoDirections, "pca", "no directions"),
        (Self::EqualWeights, "corr", "All weights are equal"),
        (Self::Negated, "corr", "have the smaller weights"),
    ];
}

/// The reference, slipping.
pub(crate) struct Slipping(pub(crate) Slip);

impl Plasticity for Slipping {
    fn hebb(
        &mut self,
        w0: ArrayView1<f64>,
        x: ArrayView2<f64>,
        eta: f64,
        decay: f64,
    ) -> Result<Array2<f64>, Problem> {
        match self.0 {
            Slip::NoDecay | Slip::EqualWeightsAndNoDecay => Solution.hebb(w0, x, eta, 0.0),
            #[expect(clippy::panic, reason = "this is what a wrong solution may do")]
            Slip::Panics => panic!("no such thing"),
            _ => Solution.hebb(w0, x, eta, decay),
        }
    }

    fn oja(
        &mut self,
        w0: ArrayView1<f64>,
        x: ArrayView2<f64>,
        eta: f64,
    ) -> Result<Array2<f64>, Problem> {
        match self.0 {
            Slip::OjaIsHebb => Solution.hebb(w0, x, eta, 0.0),
            Slip::NoRow0 => {
                let rows: Vec<usize> = (1..=x.nrows()).collect();
                Ok(Solution.oja(w0, x, eta)?.select(Axis(0), &rows))
            }
            _ => Solution.oja(w0, x, eta),
        }
    }

    fn bcm(
        &mut self,
        w0: ArrayView1<f64>,
        theta0: f64,
        x: ArrayView2<f64>,
        eta: f64,
        tau: f64,
    ) -> Result<(Array2<f64>, Array1<f64>), Problem> {
        let (w, mut theta) = Solution.bcm(w0, theta0, x, eta, tau)?;
        if self.0 == Slip::Infinite {
            theta.fill(f64::INFINITY);
        }
        Ok((w, theta))
    }

    fn stdp(
        &mut self,
        w0: ArrayView1<f64>,
        pre: ArrayView2<u8>,
        post: ArrayView1<u8>,
        p: &Pairing,
        dt: f64,
    ) -> Result<Array2<f64>, Problem> {
        let exchanged = Pairing { a_plus: -p.a_minus, a_minus: -p.a_plus, ..*p };
        let free = Pairing { w_min: f64::MIN, w_max: f64::MAX, ..*p };
        match self.0 {
            Slip::Exchanged => Solution.stdp(w0, pre, post, &exchanged, dt),
            Slip::NoBounds => Solution.stdp(w0, pre, post, &free, dt),
            Slip::AlwaysOneMillisecond => Solution.stdp(w0, pre, post, p, 1.0),
            _ => Solution.stdp(w0, pre, post, p, dt),
        }
    }

    fn stdp_window(&mut self, d: ArrayView1<f64>, p: &Pairing) -> Result<Array1<f64>, Problem> {
        match self.0 {
            Slip::WindowReversed => Solution.stdp_window((-&d).view(), p),
            Slip::GainAtZero => {
                let right = Solution.stdp_window(d, p)?;
                let gained = |(dw, d): (&f64, &f64)| if *d == 0.0 { p.a_plus } else { *dw };
                Ok(right.iter().zip(d).map(gained).collect())
            }
            _ => Solution.stdp_window(d, p),
        }
    }

    fn learn_pca(
        &mut self,
        x: ArrayView2<f64>,
        k: usize,
        seed: i64,
    ) -> Result<Array2<f64>, Problem> {
        let seed = match self.0 {
            #[expect(clippy::disallowed_methods, reason = "the mistake is to look at the clock")]
            Slip::Clock => i64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos()),
            Slip::NoDirections | Slip::NeitherLearner => return Err("no directions".into()),
            _ => seed,
        };
        let mut w = Solution.learn_pca(x, k, seed)?;
        match self.0 {
            Slip::TooLong => w *= 3.0,
            Slip::SameDirection => {
                let first = w.column(0).to_owned();
                w.columns_mut().into_iter().for_each(|mut column| column.assign(&first));
            }
            _ => {}
        }
        Ok(w)
    }

    fn learn_stdp(&mut self, pre: ArrayView2<u8>, seed: i64) -> Result<Array1<f64>, Problem> {
        match self.0 {
            Slip::EqualWeights | Slip::EqualWeightsAndNoDecay => {
                Ok(Array1::from_elem(pre.nrows(), 0.5))
            }
            Slip::NeitherLearner => Err("no weights".into()),
            Slip::Negated => Ok(-Solution.learn_stdp(pre, seed)?),
            _ => Solution.learn_stdp(pre, seed),
        }
    }
}
