use ndarray::{arr0, arr1, arr2};
use proptest::prelude::*;

use super::*;

fn body(header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(data);
    out
}

fn refused(header: &str, data: &[u8]) -> String {
    Message::decode(&body(header, data)).unwrap_err().to_string()
}

#[test]
fn a_length_beyond_the_cap_is_refused_before_anything_is_reserved() {
    assert_eq!(
        announced(u32::MAX.to_le_bytes(), 16 << 20).unwrap_err().to_string(),
        "a frame of 4294967295 bytes was announced, and at most 16777216 are allowed"
    );
    assert_eq!(announced([0; 4], 8), Ok(0));
    assert!(Message::decode(&[]).is_err());
}

#[test]
fn a_header_longer_than_the_message_or_than_any_real_one_is_refused() {
    let mut long = body("{}", &[]);
    long[0] = 200;
    assert!(
        Message::decode(&long).unwrap_err().to_string().contains("more bytes than the message")
    );
    let huge = u64::MAX.to_le_bytes();
    assert!(matches!(Message::decode(&huge), Err(LinkError::HeaderTooLong { .. })));
}

#[test]
fn offsets_that_overlap_overflow_or_run_backwards_are_refused() {
    let a = r#""a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#;
    let overlap = format!(r#"{{{a},"b":{{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}}}"#);
    assert!(refused(&overlap, &[0; 6]).contains("overlap"));
    let gap = format!(r#"{{{a},"b":{{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}}}"#);
    assert!(refused(&gap, &[0; 6]).contains("gap"));
    let backwards = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#;
    assert!(refused(backwards, &[0; 4]).contains("backwards"));
    let beyond = r#"{"a":{"dtype":"U8","shape":[4294967296],"data_offsets":[0,4294967296]}}"#;
    assert!(refused(beyond, &[0; 4]).contains("cover the message"));
    let overflow =
        format!(r#"{{"a":{{"dtype":"F64","shape":[{0},{0}],"data_offsets":[0,8]}}}}"#, 1u64 << 40);
    assert!(refused(&overflow, &[0; 8]).contains("beyond all bounds"));
    let negative = r#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#;
    assert!(refused(negative, &[0]).contains("not the JSON"));
    let odd = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}"#;
    assert!(refused(odd, &[0; 3]).contains("do not make up"));
    let nested = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(refused(&nested, &[]).contains("not the JSON"));
}

#[test]
fn zero_elements_with_an_overflowing_shape_do_not_panic() {
    let header = format!(
        r#"{{"a":{{"dtype":"F64","shape":[0,{0},{0}],"data_offsets":[0,0]}}}}"#,
        1u64 << 62
    );
    if let Ok(message) = Message::decode(&body(&header, &[])) {
        assert!(message.floats("a", &[1]).is_err());
        assert!(message.tensor("a").unwrap().to_f64("a").is_err());
    }
}

#[test]
fn floats_of_half_precision_are_refused_by_name() {
    let half = body(r#"{"logits":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, &[0, 0]);
    let message = Message::decode(&half).unwrap();
    assert_eq!(
        message.floats("logits", &[1]).unwrap_err().to_string(),
        "tensor `logits` has the type F16, and F64 or F32 is required"
    );
}

#[test]
fn missing_misshapen_infinite_and_surplus_tensors_are_told_apart() {
    let message = Message::new()
        .with("loss", &arr0(1.0f64))
        .with("dW0", &arr2(&[[1.0f64, f64::NAN]]))
        .with("y", &arr1(&[1i64, 2]))
        .with("s", &arr1(&[0u8, 7]));
    let text = |e: LinkError| e.to_string();
    assert_eq!(
        text(message.floats("db0", &[2]).unwrap_err()),
        "tensor `db0` is missing (the reply holds: dW0, loss, s, y)"
    );
    assert_eq!(
        text(message.scalar("loss").unwrap_err()),
        "tensor `loss` has the shape (), and (1,) is required"
    );
    assert_eq!(
        text(message.matrix("dW0", (1, 2)).unwrap_err()),
        "tensor `dW0` holds NaN at (0, 1): every number must be finite"
    );
    assert_eq!(
        text(message.floats("y", &[2]).unwrap_err()),
        "tensor `y` has the type I64, and F64 or F32 is required"
    );
    assert!(text(message.spikes("s", &[2]).unwrap_err()).contains("holds 7 at (1,)"));
    let wanted = ["loss".to_owned(), "y".to_owned(), "s".to_owned()];
    assert!(text(message.expect_only(&wanted, &[]).unwrap_err()).contains("too many: `dW0`"));
    assert_eq!(message.expect_only(&wanted, &["dW0"]), Ok(()));
}

#[test]
fn a_message_larger_than_the_cap_is_not_encoded() {
    let message = Message::new().with("a", &Array1::<f64>::zeros(1000));
    assert!(matches!(message.encode(1000), Err(LinkError::TooLong { .. })));
    assert!(message.encode(10_000).is_ok());
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        floats in proptest::collection::vec(any::<f64>(), 0..40),
        halves in proptest::collection::vec(-1e9f32..1e9, 1..9),
        integers in proptest::collection::vec(any::<i64>(), 0..9),
        error in "\\PC{0,40}",
    ) {
        let message = Message::new()
            .with_field("id", "17")
            .with_field("error", error)
            .with("x", &Array1::from(floats))
            .with("f", &Array1::from(halves))
            .with("i", &Array1::from(integers));
        let frame = message.encode(1 << 20).unwrap();
        let length = announced(frame[..4].try_into().unwrap(), 1 << 20).unwrap();
        prop_assert_eq!(length, frame.len() - 4);
        let back = Message::decode(&frame[4..]).unwrap();
        // NaNs differ from themselves: the bytes decide.
        prop_assert_eq!(back.encode(1 << 20).unwrap().len(), frame.len());
        for name in ["x", "f", "i"] {
            prop_assert_eq!(back.tensor(name), message.tensor(name));
        }
        prop_assert_eq!(back.field("error"), message.field("error"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = Message::decode(&bytes) {
            for name in message.names() {
                let _ = (message.floats(name, &[1]), message.integers(name, &[1]), message.spikes(name, &[1]));
            }
        }
    }

    #[test]
    fn no_header_makes_it_panic(
        dtype in "(F64|F32|F16|F4|I64|U8|BOOL|C64)",
        shape in proptest::collection::vec(prop_oneof![0u64..9, Just(1u64 << 62), Just(u64::MAX)], 0..4),
        from in prop_oneof![0u64..20, Just(u64::MAX)],
        to in prop_oneof![0u64..20, Just(u64::MAX)],
        data in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let header = format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{from},{to}]}}}}"#);
        if let Ok(message) = Message::decode(&body(&header, &data)) {
            let _ = (message.floats("a", &[1]), message.tensor("a").map(|t| t.to_f64("a")));
            let _ = (message.integers("a", &[]), message.spikes("a", &[2, 2]));
        }
    }

    #[test]
    fn a_message_cut_short_or_changed_never_panics(at in 0usize..200, bit in 0u8..8) {
        let frame = Message::new().with_field("id", "1").with("a", &arr2(&[[1.0f64, 2.0]])).encode(1 << 20).unwrap();
        let mut body = frame[4..].to_vec();
        prop_assume!(at < body.len());
        prop_assert!(Message::decode(&body[..at]).is_err());
        body[at] ^= 1 << bit;
        let _ = Message::decode(&body);
    }
}

#[test]
fn an_empty_message_with_a_space_in_its_header_is_written_and_read_the_same() {
    let message = Message::decode(&body("{\n}", &[])).unwrap();
    assert_eq!(message, Message::new());
    let frame = message.encode(64).unwrap();
    assert_eq!(Message::decode(&frame[4..]).unwrap(), message);
}
