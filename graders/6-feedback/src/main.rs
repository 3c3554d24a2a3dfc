//! Harness of project 6.

fn main() {}
