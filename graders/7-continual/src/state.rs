//! The state of a learner, as the harness carries it: bytes that only the student's program understands,
//! held against every limit before they go on to the next process.

use testat_kit::link::{Dtype, LinkError, Message, Tensor};

/// What stands before the name of each of a state's tensors in a message.
const PREFIX: &str = "state.";
/// Most tensors of a state.
pub const TENSORS: usize = 64;
/// Longest name of a tensor in bytes.
pub const NAME: usize = 64;
/// Most dimensions of a tensor.
const DIMENSIONS: usize = 4;
/// Longest side of a tensor, empty ones too: a shape must not carry what the bytes may not.
const SIDE: usize = 24_576;

/// A learner's whole memory: named tensors, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    tensors: Vec<(String, Tensor)>,
}

impl State {
    /// The state in a reply of `learn`. Nothing else may be in the reply, and what is there must be fit to
    /// be carried: types, finite numbers, count, names and shapes. Its size is not held against anything.
    ///
    /// # Errors
    /// [`LinkError`], for the student.
    pub fn of(reply: &Message) -> Result<Self, LinkError> {
        let mut tensors = Vec::new();
        for name in reply.names() {
            let Some(short) = name.strip_prefix(PREFIX) else {
                let expected = "the arrays of the state alone".to_owned();
                return Err(LinkError::Unexpected { name: shown(name), expected });
            };
            if let Some(tensor) = reply.tensor(name) {
                fit(short, tensor)?;
                tensors.push((name.to_owned(), tensor.clone()));
            }
        }
        match tensors.len() {
            0 => refused("the state holds no array, so nothing would be remembered".to_owned()),
            count if count > TENSORS => refused(format!(
                "the state holds {count} arrays, and at most {TENSORS} are allowed"
            )),
            _ => Ok(Self { tensors }),
        }
    }

    /// Bytes of all tensors and of their names together.
    pub fn size(&self) -> usize {
        let size = |(name, tensor): &(String, Tensor)| {
            name.len().saturating_sub(PREFIX.len()) + tensor.bytes().len()
        };
        self.tensors.iter().map(size).sum()
    }

    /// The same message with the state in it; `none` says that there is none yet.
    pub fn carried(state: Option<&Self>, message: Message) -> Message {
        match state {
            None => message.with_field("state", "none"),
            Some(state) => state.tensors.iter().fold(message, |message, (name, tensor)| {
                message.with(name.clone(), tensor.clone())
            }),
        }
    }

    /// Every number of the state as the bits of an `f64`, to be compared to the bit; names, types and
    /// shapes come first.
    pub fn bits(&self) -> Vec<f64> {
        let mut all = Vec::new();
        for (name, tensor) in &self.tensors {
            let head = format!("{name} {:?} {:?}", tensor.dtype(), tensor.shape());
            for (bytes, width) in [(head.as_bytes(), 8), (tensor.bytes(), width(tensor.dtype()))] {
                all.extend(bytes.chunks(width).map(|number| {
                    let mut word = [0; 8];
                    word.iter_mut().zip(number).for_each(|(to, from)| *to = *from);
                    f64::from_bits(u64::from_le_bytes(word))
                }));
            }
        }
        all
    }

    /// `3 arrays, 24,440 bytes of 24,576`.
    pub fn words(&self, limit: f64) -> String {
        let plural = if self.tensors.len() == 1 { "" } else { "s" };
        let count = self.tensors.len();
        format!(
            "{count} array{plural}, {} of {} bytes",
            grouped(self.size()),
            grouped(limit as usize)
        )
    }
}

/// `24,576`.
pub fn grouped(number: usize) -> String {
    let (thousands, rest) = (number / 1000, number % 1000);
    if thousands == 0 { rest.to_string() } else { format!("{},{rest:03}", grouped(thousands)) }
}

fn fit(name: &str, tensor: &Tensor) -> Result<(), LinkError> {
    if name.is_empty() || name.len() > NAME {
        return refused(format!(
            "an array of the state has a name of {} bytes, and 1 to {NAME} are allowed",
            name.len()
        ));
    }
    let shape = tensor.shape();
    if shape.len() > DIMENSIONS || shape.iter().any(|side| *side > SIDE) {
        return refused(format!(
            "the state's array `{}` has more than {DIMENSIONS} dimensions or a side longer than {}",
            shown(name),
            grouped(SIDE)
        ));
    }
    let numbers = tensor.bytes().chunks_exact(width(tensor.dtype()));
    let at = match tensor.dtype() {
        Dtype::F64 => first_wild(numbers, 11),
        Dtype::F32 => first_wild(numbers, 8),
        Dtype::F16 => first_wild(numbers, 5),
        Dtype::I64 | Dtype::I32 | Dtype::I16 | Dtype::I8 | Dtype::U8 => None,
        other => {
            return Err(LinkError::Type {
                name: shown(name),
                got: format!("{other:?}"),
                allowed: "one of F64, F32, F16, I64, I32, I16, I8 and U8",
            });
        }
    };
    match at {
        None => Ok(()),
        Some(at) => refused(format!(
            "number {at} of the state's array `{}` is NaN or infinite: every number must be finite",
            shown(name)
        )),
    }
}

/// The first of these little-endian floats whose exponent, of so many bits, is all ones: NaN or infinite.
fn first_wild<'a>(mut numbers: impl Iterator<Item = &'a [u8]>, exponent: u32) -> Option<usize> {
    let mask = ((1u16 << exponent) - 1) << (15 - exponent);
    numbers.position(|number| match number {
        [.., low, high] => u16::from_le_bytes([*low, *high]) & mask == mask,
        _ => false,
    })
}

/// Bytes of one number.
fn width(dtype: Dtype) -> usize {
    match dtype {
        Dtype::F64 | Dtype::I64 => 8,
        Dtype::F32 | Dtype::I32 => 4,
        Dtype::F16 | Dtype::I16 => 2,
        _ => 1,
    }
}

fn refused<T>(text: String) -> Result<T, LinkError> {
    Err(LinkError::Refused(text))
}

/// A foreign name made fit to be shown.
fn shown(name: &str) -> String {
    name.chars().take(NAME).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr1, arr2};

    use super::*;

    fn reason(message: &Message) -> String {
        State::of(message).map_or_else(|e| e.to_string(), |state| format!("{} bytes", state.size()))
    }

    #[test]
    fn names_count_and_the_prefix_does_not() {
        let message = Message::new()
            .with("state.ab", &arr1(&[1.0f32, 2.0]))
            .with("state.memory", &arr2(&[[1u8, 2, 3]]));
        assert_eq!(reason(&message), "19 bytes");
        let state = State::of(&message).unwrap();
        assert_eq!(State::of(&State::carried(Some(&state), Message::new())), Ok(state.clone()));
        assert_eq!(state.words(24_576.0), "2 arrays, 19 of 24,576 bytes");
        assert_eq!(State::carried(None, Message::new()).field("state"), Some("none"));
    }

    #[test]
    fn what_is_not_finite_is_refused_in_every_float_type() {
        for (wild, tame) in [(f64::NAN, 1e308), (f64::INFINITY, -1e308)] {
            let of = |value: f64| Message::new().with("state.w", &arr1(&[0.0, value]));
            assert!(
                reason(&of(wild)).starts_with("number 1 of the state's array `w` is NaN or inf")
            );
            assert_eq!(reason(&of(tame)), "17 bytes");
            let single = |value: f64| Message::new().with("state.w", &arr1(&[value as f32]));
            assert!(reason(&single(wild)).starts_with("number 0"));
            assert_eq!(reason(&single(tame.signum() * 3e38)), "5 bytes");
        }
        let masks = [(5, 0x7c00u16), (8, 0x7f80), (11, 0x7ff0)];
        for (exponent, mask) in masks {
            let wild = |word: u16| first_wild([&word.to_le_bytes()[..]].into_iter(), exponent);
            assert_eq!(
                (wild(mask), wild(mask | 0x8001), wild(mask >> 1)),
                (Some(0), Some(0), None)
            );
        }
    }

    #[test]
    fn names_counts_shapes_types_and_strange_tensors_are_refused() {
        let one = arr1(&[1u8]);
        assert!(reason(&Message::new()).contains("holds no array"));
        assert!(reason(&Message::new().with("W0", &one)).contains("one tensor too many: `W0`"));
        let long = format!("state.{}", "n".repeat(65));
        assert!(reason(&Message::new().with(long, &one)).contains("a name of 65 bytes"));
        assert!(reason(&Message::new().with("state.", &one)).contains("a name of 0 bytes"));
        let many = (0..65).fold(Message::new(), |m, at| m.with(format!("state.{at}"), &one));
        assert!(reason(&many).contains("65 arrays, and at most 64"));
        let empty: Array2<u8> = Array2::zeros((0, 30_000));
        assert!(
            reason(&Message::new().with("state.m", &empty)).contains("a side longer than 24,576")
        );
        let deep = ndarray::ArrayD::<u8>::zeros(vec![1; 5]);
        assert!(reason(&Message::new().with("state.m", &deep)).contains("more than 4 dimensions"));
    }

    #[test]
    fn states_that_differ_in_a_bit_a_name_or_a_shape_have_other_bits() {
        let bits = |message: Message| -> Vec<u64> {
            State::of(&message).unwrap().bits().iter().map(|bits| bits.to_bits()).collect()
        };
        let of = |value: i64| bits(Message::new().with("state.a", &arr1(&[value, 2])));
        assert_eq!(of(1), of(1));
        assert_eq!(of(1).iter().zip(of(1 << 40)).filter(|(a, b)| *a != b).count(), 1);
        assert_ne!(of(1), bits(Message::new().with("state.b", &arr1(&[1i64, 2]))));
        assert_ne!(of(1), bits(Message::new().with("state.a", &arr2(&[[1i64, 2]]))));
    }
}
