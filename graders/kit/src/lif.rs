//! Project 3: what a Rust submission implements.
