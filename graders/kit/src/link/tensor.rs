//! One tensor as it travels: type, shape, bytes.

use std::borrow::Cow;

use ndarray::{Array, ArrayD, Dimension, IxDyn};
use safetensors::{Dtype, View};

use super::LinkError;

/// Type, shape and little-endian bytes, as many as type and shape make up.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    pub(super) fn new(dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Self {
        Self { dtype, shape, bytes }
    }

    /// Its type.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its bytes, little-endian, row by row.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn expect_shape(&self, name: &str, shape: &[usize]) -> Result<(), LinkError> {
        if self.shape == shape {
            return Ok(());
        }
        Err(LinkError::Shape {
            name: name.to_owned(),
            got: tuple(&self.shape),
            expected: tuple(shape),
        })
    }

    /// Its numbers, if they are F32 or F64; finite or not.
    ///
    /// # Errors
    /// [`LinkError::Type`].
    pub fn to_f64(&self, name: &str) -> Result<ArrayD<f64>, LinkError> {
        let values = match self.dtype {
            Dtype::F64 => words(&self.bytes, f64::from_le_bytes),
            Dtype::F32 => words(&self.bytes, |b| f64::from(f32::from_le_bytes(b))),
            _ => return Err(self.wrong_type(name, "F64 or F32")),
        };
        self.shaped(name, values)
    }

    /// Its numbers, if they are F32.
    ///
    /// # Errors
    /// [`LinkError::Type`].
    pub fn to_f32(&self, name: &str) -> Result<ArrayD<f32>, LinkError> {
        match self.dtype {
            Dtype::F32 => self.shaped(name, words(&self.bytes, f32::from_le_bytes)),
            _ => Err(self.wrong_type(name, "F32")),
        }
    }

    /// Its numbers, if they are I64 or I32.
    ///
    /// # Errors
    /// [`LinkError::Type`].
    pub fn to_i64(&self, name: &str) -> Result<ArrayD<i64>, LinkError> {
        let values = match self.dtype {
            Dtype::I64 => words(&self.bytes, i64::from_le_bytes),
            Dtype::I32 => words(&self.bytes, |b| i64::from(i32::from_le_bytes(b))),
            _ => return Err(self.wrong_type(name, "I64 or I32")),
        };
        self.shaped(name, values)
    }

    /// Its bytes as numbers, if they are U8 or BOOL.
    ///
    /// # Errors
    /// [`LinkError::Type`].
    pub fn to_u8(&self, name: &str) -> Result<ArrayD<u8>, LinkError> {
        match self.dtype {
            Dtype::U8 | Dtype::BOOL => self.shaped(name, self.bytes.clone()),
            _ => Err(self.wrong_type(name, "U8 or BOOL")),
        }
    }

    fn wrong_type(&self, name: &str, allowed: &'static str) -> LinkError {
        LinkError::Type { name: name.to_owned(), got: format!("{:?}", self.dtype), allowed }
    }

    fn shaped<T>(&self, name: &str, values: Vec<T>) -> Result<ArrayD<T>, LinkError> {
        ArrayD::from_shape_vec(IxDyn(&self.shape), values).map_err(|_| {
            LinkError::Malformed(format!("tensor `{name}` has a shape beyond all bounds"))
        })
    }
}

/// A shape as Python writes it: `()`, `(3,)`, `(3, 4)`.
pub(super) fn tuple(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        more => {
            let all: Vec<String> = more.iter().take(12).map(ToString::to_string).collect();
            format!("({}{})", all.join(", "), if more.len() > 12 { ", ..." } else { "" })
        }
    }
}

fn words<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|word| read(*word)).collect()
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

macro_rules! tensor_from {
    ($($number:ty => $dtype:ident),*) => {$(
        impl<D: Dimension> From<&Array<$number, D>> for Tensor {
            fn from(array: &Array<$number, D>) -> Self {
                let mut bytes = Vec::with_capacity(array.len() * size_of::<$number>());
                array.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
                Self::new(Dtype::$dtype, array.shape().to_vec(), bytes)
            }
        }
    )*};
}
tensor_from!(f64 => F64, f32 => F32, i64 => I64, i32 => I32, i16 => I16, i8 => I8, u8 => U8);
