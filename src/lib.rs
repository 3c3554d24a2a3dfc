//! Testat.
pub mod course;
pub mod sandbox;
pub mod store;
