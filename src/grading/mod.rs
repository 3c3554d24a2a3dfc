//! From a waiting grading to a recorded verdict.
//!
//! [`graders`] reads the grader folders; [`worker`] claims a grading, has [`session`] grade it and
//! records what it says; [`prepared`] unpacks into a [`room`] and builds; [`session`] joins
//! [`harness`] and [`subject`]; [`verdict`] trusts nothing.

mod build;
pub mod graders;
pub mod harness;
pub mod prepared;
pub mod room;
pub mod seed;
pub mod session;
pub mod subject;
pub mod verdict;
pub mod worker;
