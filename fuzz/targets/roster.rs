//! A roster from whatever program, as CSV or as a workbook: all rows or all that is wrong, and what is read
//! may be stored and shown.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use testat::course::Role;
use testat::intake::roster::read;
use testat::intake::workbook::{is_workbook, to_csv};

fuzz_target!(|bytes: &[u8]| {
    let csv = match is_workbook(bytes) {
        true => match to_csv(bytes) {
            Ok(csv) => csv,
            Err(fault) => {
                assert!(!fault.to_string().is_empty());
                return;
            }
        },
        false => bytes.to_vec(),
    };
    let rows = match read(&csv) {
        Ok(rows) => rows,
        Err(bad) => {
            assert!(!bad.to_string().is_empty());
            return;
        }
    };
    let mut people = HashSet::new();
    for row in rows {
        assert!(people.insert(row.email.to_string()), "{} stands there twice", row.email);
        assert!(row.role != Role::Student || row.legi.is_some(), "a student without a number");
        for text in [&row.family_name, &row.first_name, &row.department, &row.level] {
            assert!(!text.chars().any(char::is_control), "{text:?} has control characters");
        }
    }
});
