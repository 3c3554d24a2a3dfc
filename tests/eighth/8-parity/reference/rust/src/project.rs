//! The function of project 8, and how a request becomes its arguments. Leave it as it is.

use ndarray::{ArrayView1, Ix1};
use testat_kit::arguments;
use testat_kit::link::Message;
use testat_kit::serve::{Answers, Problem};

/// What a solution has to be able to do.
pub trait Parity {
    /// 1 if the number of spikes is odd, else 0; `spikes` (T,) is 1 where a spike is.
    fn parity(&mut self, spikes: ArrayView1<u8>) -> Result<i64, Problem>;
}

/// A solution as something that answers requests.
pub struct Served<S>(pub S);

impl<S: Parity> Answers for Served<S> {
    fn answer(&mut self, op: &str, request: &Message) -> Result<Message, Problem> {
        match op {
            "p8.parity" => {
                let spikes = arguments::bytes(request, "spikes")?.into_dimensionality::<Ix1>()?;
                Ok(Message::new().with_integer("odd", self.0.parity(spikes.view())?))
            }
            other => Err(format!("no operation is called `{other}`").into()),
        }
    }
}
