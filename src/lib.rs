//! Testat.
pub mod course;
pub mod intake;
pub mod sandbox;
