//! All tests, in one binary.

mod database;
mod postgres;
mod queue;
mod results;
mod roster;
mod rules;
mod store;
