//! Harness of project 7.

fn main() {}
