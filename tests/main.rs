//! All tests, in one binary.

mod access;
mod database;
mod postgres;
mod queue;
mod results;
mod roster;
mod rules;
mod store;
mod words;
