//! From a waiting grading to a recorded verdict.
//!
//! [`graders`] reads the grader folders; [`worker`] claims a grading, has [`session`] grade it and
//! records what it says; [`session`] joins [`harness`] and [`subject`]; [`verdict`] trusts nothing.

pub mod graders;
pub mod harness;
pub mod seed;
pub mod session;
pub mod subject;
pub mod verdict;
pub mod worker;
