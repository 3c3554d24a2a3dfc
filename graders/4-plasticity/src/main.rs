//! Harness of project 4.

fn main() {}
