//! Project 6: what a Rust submission implements.
