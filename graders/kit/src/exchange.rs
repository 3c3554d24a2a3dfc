//! Layers into requests, replies into layers.

use crate::layer::{Layer, with_layers};
use crate::link::{LinkError, Message};
use crate::subject::{Trouble, unfit};

/// A message that holds `params`: `W0`, `b0`, `W1`, ...
pub fn params(layers: &[Layer]) -> Message {
    with_layers(Message::new(), "", layers)
}

/// The layers `W0`, `b0`, ... of a reply, `prefix` before each name, of the shapes of `like`; nothing is
/// missing, and no tensor there that is neither among them nor in `also`.
///
/// # Errors
/// [`Trouble::Unfit`], naming the tensor.
pub fn layers(
    reply: &Message,
    function: &'static str,
    prefix: &str,
    like: &[Layer],
    also: &[&str],
) -> Result<Vec<Layer>, Trouble> {
    let names = names(prefix, like.len());
    reply.expect_only(&names, also).map_err(unfit(function))?;
    let read = |(l, layer): (usize, &Layer)| -> Result<Layer, LinkError> {
        Ok(Layer {
            w: reply.matrix(&format!("{prefix}W{l}"), layer.w.dim())?,
            b: reply.vector(&format!("{prefix}b{l}"), layer.b.len())?,
        })
    };
    like.iter().enumerate().map(read).collect::<Result<_, _>>().map_err(unfit(function))
}

/// `W0`, `b0`, `W1`, ... with `prefix` before each.
pub fn names(prefix: &str, layers: usize) -> Vec<String> {
    (0..layers).flat_map(|l| [format!("{prefix}W{l}"), format!("{prefix}b{l}")]).collect()
}
