//! Harness of project 3.

fn main() {}
