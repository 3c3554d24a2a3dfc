//! Project 5: what a Rust submission implements.
