//! Harness of project 2.

fn main() {}
