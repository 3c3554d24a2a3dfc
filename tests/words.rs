//! The words that come from outside: what their parsers take, and what not.

use proptest::prelude::*;
use testat::course::{Digest, Email, Legi, ProjectNumber, Reason, SemesterName, Slug};

#[test]
fn words_have_their_form() {
    fn shown<T: std::str::FromStr + std::fmt::Display>(text: &str) -> Option<String> {
        text.parse::<T>().ok().map(|word| word.to_string())
    }
    for text in ["12-345-678", "12345678", "12 345 678", " 12-345-678 "] {
        assert_eq!(shown::<Legi>(text).as_deref(), Some("12-345-678"), "{text}");
    }
    for text in
        ["", "1234567", "123-45-678", "12-345-67x", "١٢٣٤٥٦٧٨", "12--345678", "12-345-678-9"]
    {
        assert_eq!(shown::<Legi>(text), None, "{text}");
    }
    assert_eq!(shown::<Email>(" Anna.Meier@ETHZ.ch ").as_deref(), Some("anna.meier@ethz.ch"));
    for text in
        ["", "anna", "@ethz.ch", "anna@", "anna@ethz", "a b@ethz.ch", "a@b@ethz.ch", "a@-x.ch"]
    {
        assert_eq!(shown::<Email>(text), None, "{text}");
    }
    assert_eq!(shown::<SemesterName>("hs2026").as_deref(), Some("HS2026"));
    for text in ["", "WS2026", "HS26", "HS3026", "HS2026x", "HS20２6"] {
        assert_eq!(shown::<SemesterName>(text), None, "{text}");
    }
    for text in ["", "Backprop", "-a", "a--b", "a/b", "..", "ä"] {
        assert_eq!(shown::<Slug>(text), None, "{text}");
    }
    assert_eq!(shown::<Reason>("  ok "), None);
    assert!(serde_json::from_str::<Legi>("\"nonsense\"").is_err(), "serde parses too");
    assert!(serde_json::from_str::<ProjectNumber>("0").is_err());
}

proptest! {
    /// No text makes a parser panic, and what it takes it gives back unchanged.
    #[test]
    fn words_are_stable(text in ".{0,40}") {
        if let Ok(legi) = text.parse::<Legi>() {
            prop_assert_eq!(legi.as_str().parse::<Legi>().unwrap(), legi);
        }
        if let Ok(email) = text.parse::<Email>() {
            prop_assert_eq!(email.as_str().parse::<Email>().unwrap(), email);
        }
        if let Ok(name) = text.parse::<SemesterName>() {
            prop_assert_eq!(name.as_str().parse::<SemesterName>().unwrap(), name);
        }
        let _ = (text.parse::<Slug>(), text.parse::<Digest>(), text.parse::<Reason>());
    }
}
