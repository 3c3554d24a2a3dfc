//! Project 4: what a Rust submission implements.
