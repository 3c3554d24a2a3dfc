//! What the command line does, one file a command.

pub mod admin;
pub mod demo;
pub mod doctor;
pub mod grade;
pub mod rig;
pub mod runtime;
pub mod serve;
