//! From a waiting grading to a recorded verdict.
//!
//! [`graders`] reads the grader folders; [`worker`] claims a grading, has [`session`] grade it and
//! records what it says; [`session`] unpacks into a [`room`], builds, and joins [`harness`] and
//! [`subject`]; [`verdict`] trusts nothing; [`samples`] records what a starter kit tries itself on.

mod build;
pub mod graders;
pub mod harness;
pub mod room;
pub mod samples;
pub mod seed;
pub mod session;
pub mod subject;
pub mod verdict;
pub mod worker;
