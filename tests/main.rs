//! All tests, in one binary.
mod export;
mod intake;
