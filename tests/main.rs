//! All tests, in one binary.
mod intake;
