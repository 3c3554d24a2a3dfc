//! Testat.
pub mod course;
pub mod export;
pub mod intake;
pub mod sandbox;
pub mod store;
