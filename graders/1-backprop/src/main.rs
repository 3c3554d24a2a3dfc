//! Harness of project 1.
fn main() {}
