//! Testat.
pub mod course;
pub mod runtime;
pub mod sandbox;
