//! A subject's reply: any bytes are read or refused, and what is read is written and read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testat_kit::link::{Message, announced};

/// As the projects allow, or nearly.
const CAP: u32 = 16 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Some((start, body)) = bytes.split_first_chunk::<4>() else { return };
    if let Ok(length) = announced(*start, CAP) {
        assert!(length <= CAP as usize);
    }
    let Ok(message) = Message::decode(body) else { return };
    for name in message.names() {
        let Some(tensor) = message.tensor(name) else { panic!("`{name}` is named and not there") };
        let shape = tensor.shape().to_vec();
        // Each reading checks type and finiteness for itself; what it gives has the shape asked for.
        if let Ok(floats) = message.floats(name, &shape) {
            assert!(floats.shape() == shape && floats.iter().all(|value| value.is_finite()));
        }
        if let Ok(integers) = message.integers(name, &shape) {
            assert_eq!(integers.shape(), shape);
        }
        if let Ok(spikes) = message.spikes(name, &shape) {
            assert!(spikes.shape() == shape && spikes.iter().all(|value| *value <= 1));
        }
        let other: Vec<usize> = shape.iter().map(|size| size + 1).chain([2]).collect();
        assert!(message.floats(name, &other).is_err(), "`{name}` has two shapes");
    }
    if let Ok(frame) = message.encode(CAP) {
        let again = Message::decode(&frame[4..]);
        assert!(again.is_ok_and(|again| again == message), "written and read, it is another");
    }
});
