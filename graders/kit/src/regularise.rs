//! Project 2: what a Rust submission implements.
