//! The weights and biases of one layer, as traits, harnesses and messages all hold them.

use ndarray::{Array1, Array2};

use crate::link::Message;

/// One layer's parameters, or their gradient: y = x W + b, rows of x being samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<F = f64> {
    /// (inputs, outputs).
    pub w: Array2<F>,
    /// (outputs,).
    pub b: Array1<F>,
}

/// Adds layers as `W0`, `b0`, `W1`, ... with `prefix` before each name.
#[must_use]
pub fn with_layers(message: Message, prefix: &str, layers: &[Layer]) -> Message {
    layers.iter().enumerate().fold(message, |message, (l, layer)| {
        message.with(format!("{prefix}W{l}"), &layer.w).with(format!("{prefix}b{l}"), &layer.b)
    })
}
