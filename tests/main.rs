//! All tests, in one binary.
mod sandbox;
