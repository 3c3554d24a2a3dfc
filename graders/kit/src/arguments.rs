//! A request's tensors and fields as the arguments of a student's function.

use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};

use crate::layer::Layer;
use crate::link::{Message, Tensor};
use crate::serve::Problem;

/// The tensor `name` as it came.
///
/// # Errors
/// It is missing.
pub fn tensor<'a>(request: &'a Message, name: &str) -> Result<&'a Tensor, Problem> {
    request.tensor(name).ok_or_else(|| format!("the request holds no `{name}`").into())
}

/// The real numbers `name`, of any shape.
///
/// # Errors
/// Missing, or of another type.
pub fn array(request: &Message, name: &str) -> Result<ArrayD<f64>, Problem> {
    Ok(tensor(request, name)?.to_f64(name)?)
}

/// The real matrix `name`.
///
/// # Errors
/// Missing, or of another type or number of dimensions.
pub fn matrix(request: &Message, name: &str) -> Result<Array2<f64>, Problem> {
    Ok(array(request, name)?.into_dimensionality::<Ix2>()?)
}

/// The images `name`, F32, one a row.
///
/// # Errors
/// Missing, or of another type or number of dimensions.
pub fn images(request: &Message, name: &str) -> Result<Array2<f32>, Problem> {
    Ok(tensor(request, name)?.to_f32(name)?.into_dimensionality::<Ix2>()?)
}

/// The real vector `name`.
///
/// # Errors
/// Missing, or of another type or number of dimensions.
pub fn vector(request: &Message, name: &str) -> Result<Array1<f64>, Problem> {
    Ok(array(request, name)?.into_dimensionality::<Ix1>()?)
}

/// The whole numbers `name`, a vector such as labels.
///
/// # Errors
/// Missing, or of another type or number of dimensions.
pub fn labels(request: &Message, name: &str) -> Result<Array1<i64>, Problem> {
    Ok(tensor(request, name)?.to_i64(name)?.into_dimensionality::<Ix1>()?)
}

/// The whole numbers `name`, a matrix such as the order of samples.
///
/// # Errors
/// Missing, or of another type or number of dimensions.
pub fn indices(request: &Message, name: &str) -> Result<Array2<i64>, Problem> {
    Ok(tensor(request, name)?.to_i64(name)?.into_dimensionality::<Ix2>()?)
}

/// The zeros and ones `name`, such as spikes, of any shape.
///
/// # Errors
/// Missing, or of another type.
pub fn bytes(request: &Message, name: &str) -> Result<ArrayD<u8>, Problem> {
    Ok(tensor(request, name)?.to_u8(name)?)
}

/// The real number `name`.
///
/// # Errors
/// Missing, or not one number.
pub fn real(request: &Message, name: &str) -> Result<f64, Problem> {
    Ok(request.scalar(name)?)
}

/// The whole number `name`.
///
/// # Errors
/// Missing, or not one number.
pub fn int(request: &Message, name: &str) -> Result<i64, Problem> {
    let one = request.integers(name, &[1])?;
    Ok(one.first().copied().ok_or("an empty tensor")?)
}

/// The yes or no `name`.
///
/// # Errors
/// Missing, or not one number.
pub fn flag(request: &Message, name: &str) -> Result<bool, Problem> {
    Ok(request.spikes(name, &[1])?.first().copied().unwrap_or_default() == 1)
}

/// The field `name`.
///
/// # Errors
/// Missing.
pub fn text<'a>(request: &'a Message, name: &str) -> Result<&'a str, Problem> {
    request.field(name).ok_or_else(|| format!("the request names no {name}").into())
}

/// The layers `W0`, `b0`, `W1`, ... with `prefix` before each name, as many as there are.
///
/// # Errors
/// Of another type or number of dimensions.
pub fn layers(request: &Message, prefix: &str) -> Result<Vec<Layer>, Problem> {
    let mut layers = Vec::new();
    while request.tensor(&format!("{prefix}W{}", layers.len())).is_some() {
        let (w, b) = (format!("{prefix}W{}", layers.len()), format!("{prefix}b{}", layers.len()));
        layers.push(Layer { w: matrix(request, &w)?, b: vector(request, &b)? });
    }
    Ok(layers)
}
