//! The messages between harness and subject: a `u32` little-endian length, then one safetensors blob
//! whose `__metadata__` holds the fields (`v`, `op`, `id`, `error`, ...) and whose tensors the numbers.
//!
//! Every byte that comes in is hostile until it has been through here. A length is held against the
//! cap before anything is reserved, a malformed message is a [`LinkError`] that a student understands,
//! and nothing panics.

mod tensor;

use std::collections::{BTreeMap, HashMap};

use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};
use safetensors::{SafeTensorError, SafeTensors};

pub use safetensors::Dtype;
pub use tensor::Tensor;

/// Version of this exchange, the field `v` of every request and `api` of the answer to `hello`.
pub const API: &str = "1";

/// Largest header of one message in bytes; real ones have a few hundred.
const HEADER_MAX: u64 = 1 << 20;

/// What is wrong with a message, in words for whoever sent it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LinkError {
    /// The announced length exceeds the cap.
    #[error("a frame of {announced} bytes was announced, and at most {cap} are allowed")]
    TooLong {
        /// Announced length in bytes.
        announced: u64,
        /// Allowed length in bytes.
        cap: u64,
    },
    /// The header of the safetensors blob is longer than any real one.
    #[error(
        "the message's header claims {announced} bytes, and at most {HEADER_MAX} make sense; \
         is something else being written to the reply's descriptor?"
    )]
    HeaderTooLong {
        /// Announced length in bytes.
        announced: u64,
    },
    /// Not a safetensors blob.
    #[error("the message is not valid safetensors: {0}")]
    Malformed(String),
    /// A tensor that was asked for is not there.
    #[error("tensor `{name}` is missing (the reply holds: {present})")]
    Missing {
        /// Name of the tensor.
        name: String,
        /// Names of those that came.
        present: String,
    },
    /// A tensor that nobody asked for.
    #[error("there is one tensor too many: `{name}` (expected: {expected})")]
    Unexpected {
        /// Name of the tensor.
        name: String,
        /// Names that belong into the message.
        expected: String,
    },
    /// A tensor of the wrong type.
    #[error("tensor `{name}` has the type {got}, and {allowed} is required")]
    Type {
        /// Name of the tensor.
        name: String,
        /// Its type.
        got: String,
        /// The types allowed.
        allowed: &'static str,
    },
    /// A tensor of the wrong shape.
    #[error("tensor `{name}` has the shape {got}, and {expected} is required")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Its shape.
        got: String,
        /// The shape required.
        expected: String,
    },
    /// NaN or infinity.
    #[error("tensor `{name}` holds {value} at {index}: every number must be finite")]
    NotFinite {
        /// Name of the tensor.
        name: String,
        /// Where the first one stands.
        index: String,
        /// `NaN`, `inf` or `-inf`.
        value: f64,
    },
    /// A spike that is neither 0 nor 1.
    #[error("tensor `{name}` holds {value} at {index}: a spike is 0 or 1")]
    NotBinary {
        /// Name of the tensor.
        name: String,
        /// Where the first one stands.
        index: String,
        /// The value.
        value: u8,
    },
    /// Whatever else a project does not accept, in words.
    #[error("{0}")]
    Refused(String),
    /// A field that must be there.
    #[error("the field `{0}` is missing in the message's metadata")]
    MissingField(&'static str),
    /// A reply to another request.
    #[error(
        "the reply carries the id {got}, and the request had {expected}: one reply for each request, in order"
    )]
    Id {
        /// Id in the reply.
        got: String,
        /// Id of the request.
        expected: String,
    },
}

/// One message: fields and tensors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    fields: BTreeMap<String, String>,
    tensors: BTreeMap<String, Tensor>,
}

impl Message {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same message with the field `name` set.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The same message with the tensor `name` set.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, tensor: impl Into<Tensor>) -> Self {
        self.tensors.insert(name.into(), tensor.into());
        self
    }

    /// The same message with a scalar: a tensor of shape (1,).
    #[must_use]
    pub fn with_scalar(self, name: &str, value: f64) -> Self {
        self.with(name, &Array1::from_elem(1, value))
    }

    /// The same message with a whole number: an I64 tensor of shape (1,).
    #[must_use]
    pub fn with_integer(self, name: &str, value: i64) -> Self {
        self.with(name, &Array1::from_elem(1, value))
    }

    /// The same message with a yes or no: a U8 tensor of shape (1,), 1 for yes.
    #[must_use]
    pub fn with_flag(self, name: &str, value: bool) -> Self {
        self.with(name, &Array1::from_elem(1, u8::from(value)))
    }

    /// The same message without the tensors whose names begin with `prefix`.
    #[must_use]
    pub fn without(mut self, prefix: &str) -> Self {
        self.tensors.retain(|name, _| !name.starts_with(prefix));
        self
    }

    /// The field `name`, if it is there.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// The tensor `name` as it came, if it is there.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The whole frame, length and body.
    ///
    /// # Errors
    /// [`LinkError::TooLong`] if the body exceeds `cap` bytes.
    pub fn encode(&self, cap: u32) -> Result<Vec<u8>, LinkError> {
        let fields: HashMap<String, String> = self.fields.clone().into_iter().collect();
        // Given no fields and no tensors, safetensors 0.8 writes a header that is no JSON.
        let fields = Some(fields).filter(|fields| !fields.is_empty());
        let body = safetensors::serialize(&self.tensors, fields).map_err(malformed)?;
        match u32::try_from(body.len()) {
            Ok(length) if length <= cap => {
                let mut frame = Vec::with_capacity(body.len() + 4);
                frame.extend_from_slice(&length.to_le_bytes());
                frame.extend_from_slice(&body);
                Ok(frame)
            }
            _ => Err(LinkError::TooLong { announced: body.len() as u64, cap: u64::from(cap) }),
        }
    }

    /// Reads a frame's body.
    ///
    /// # Errors
    /// A [`LinkError`] for whatever is not a safetensors blob in all its parts.
    pub fn decode(body: &[u8]) -> Result<Self, LinkError> {
        if let Some(Ok(start)) = body.get(..8).map(<[u8; 8]>::try_from) {
            let announced = u64::from_le_bytes(start);
            if announced > HEADER_MAX {
                return Err(LinkError::HeaderTooLong { announced });
            }
        }
        let (_, metadata) = SafeTensors::read_metadata(body).map_err(malformed)?;
        let fields = metadata.metadata().clone().unwrap_or_default().into_iter().collect();
        let blob = SafeTensors::deserialize(body).map_err(malformed)?;
        let tensors = blob
            .iter()
            .map(|(name, view)| {
                let tensor = Tensor::new(view.dtype(), view.shape().to_vec(), view.data().to_vec());
                (name.to_owned(), tensor)
            })
            .collect();
        Ok(Self { fields, tensors })
    }

    /// Refuses a message that lacks one of `required`, or holds a tensor that is neither in `required`
    /// nor in `optional`.
    ///
    /// # Errors
    /// [`LinkError::Missing`] or [`LinkError::Unexpected`].
    pub fn expect_only(&self, required: &[String], optional: &[&str]) -> Result<(), LinkError> {
        for name in required {
            self.required(name)?;
        }
        let known = |name: &String| required.contains(name) || optional.contains(&name.as_str());
        match self.tensors.keys().find(|name| !known(name)) {
            Some(name) => {
                Err(LinkError::Unexpected { name: shown(name), expected: required.join(", ") })
            }
            None => Ok(()),
        }
    }

    fn required(&self, name: &str) -> Result<&Tensor, LinkError> {
        self.tensors.get(name).ok_or_else(|| {
            let mut present: Vec<String> = self.tensors.keys().take(20).map(|n| shown(n)).collect();
            if present.is_empty() {
                present.push("no tensor".to_owned());
            }
            LinkError::Missing { name: name.to_owned(), present: present.join(", ") }
        })
    }

    /// The floats `name`, F32 or F64, of exactly `shape`, all finite.
    ///
    /// # Errors
    /// Missing, of another type or shape, or not finite.
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<ArrayD<f64>, LinkError> {
        let tensor = self.required(name)?;
        tensor.expect_shape(name, shape)?;
        let array = tensor.to_f64(name)?;
        match array.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some((index, &value)) => Err(LinkError::NotFinite {
                name: name.to_owned(),
                index: tensor::tuple(ndarray::Dimension::slice(&index)),
                value,
            }),
            None => Ok(array),
        }
    }

    /// The finite matrix `name` of exactly `rows` x `columns`.
    ///
    /// # Errors
    /// As [`Message::floats`].
    pub fn matrix(
        &self,
        name: &str,
        (rows, columns): (usize, usize),
    ) -> Result<Array2<f64>, LinkError> {
        let array = self.floats(name, &[rows, columns])?;
        array.into_dimensionality::<Ix2>().map_err(|e| LinkError::Malformed(e.to_string()))
    }

    /// The finite vector `name` of exactly `length`.
    ///
    /// # Errors
    /// As [`Message::floats`].
    pub fn vector(&self, name: &str, length: usize) -> Result<Array1<f64>, LinkError> {
        let array = self.floats(name, &[length])?;
        array.into_dimensionality::<Ix1>().map_err(|e| LinkError::Malformed(e.to_string()))
    }

    /// The finite scalar `name`, of shape (1,).
    ///
    /// # Errors
    /// As [`Message::floats`].
    pub fn scalar(&self, name: &str) -> Result<f64, LinkError> {
        Ok(self.vector(name, 1)?[0])
    }

    /// The integers `name`, I64 or I32, of exactly `shape`.
    ///
    /// # Errors
    /// Missing, or of another type or shape.
    pub fn integers(&self, name: &str, shape: &[usize]) -> Result<ArrayD<i64>, LinkError> {
        let tensor = self.required(name)?;
        tensor.expect_shape(name, shape)?;
        tensor.to_i64(name)
    }

    /// The spikes `name`, U8 or BOOL, of exactly `shape`, each 0 or 1.
    ///
    /// # Errors
    /// Missing, of another type or shape, or neither 0 nor 1.
    pub fn spikes(&self, name: &str, shape: &[usize]) -> Result<ArrayD<u8>, LinkError> {
        let tensor = self.required(name)?;
        tensor.expect_shape(name, shape)?;
        let array = tensor.to_u8(name)?;
        match array.indexed_iter().find(|(_, value)| **value > 1) {
            Some((index, &value)) => Err(LinkError::NotBinary {
                name: name.to_owned(),
                index: tensor::tuple(ndarray::Dimension::slice(&index)),
                value,
            }),
            None => Ok(array),
        }
    }
}

/// The length that a frame's first four bytes announce, held against `cap`.
///
/// # Errors
/// [`LinkError::TooLong`]; nothing has been reserved by then.
pub fn announced(start: [u8; 4], cap: u32) -> Result<usize, LinkError> {
    let length = u32::from_le_bytes(start);
    let too_long = LinkError::TooLong { announced: u64::from(length), cap: u64::from(cap) };
    if length > cap {
        return Err(too_long);
    }
    usize::try_from(length).map_err(|_| too_long)
}

/// What the safetensors crate says, in a student's words where it speaks of its own insides.
fn malformed(error: SafeTensorError) -> LinkError {
    LinkError::Malformed(match error {
        SafeTensorError::HeaderTooSmall => "it is shorter than 8 bytes".to_owned(),
        SafeTensorError::InvalidHeaderLength => {
            "its header claims more bytes than the message has".to_owned()
        }
        SafeTensorError::InvalidOffset(name) => format!(
            "the bytes of tensor `{}` overlap another's, leave a gap or run backwards",
            shown(&name)
        ),
        SafeTensorError::TensorInvalidInfo => {
            "a tensor's shape and type do not make up its bytes".to_owned()
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            "the tensors do not cover the message's bytes exactly".to_owned()
        }
        SafeTensorError::ValidationOverflow => "a tensor's shape is beyond all bounds".to_owned(),
        SafeTensorError::InvalidHeaderDeserialization(e) => {
            format!("its header is not the JSON it should be ({})", shown(&e.to_string()))
        }
        other => shown(&other.to_string()),
    })
}

/// A foreign text made fit to be shown: at most 200 characters, none of them a control character.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests;
