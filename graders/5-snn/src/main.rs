//! Harness of project 5.

fn main() {}
