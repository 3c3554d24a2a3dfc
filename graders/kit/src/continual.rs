//! Project 7: what a Rust submission implements.
