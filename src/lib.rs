//! Testat.
pub mod course;
pub mod sandbox;
