//! From a waiting grading to a recorded verdict.
//!
//! [`graders`] reads the grader folders; [`worker`] claims a grading, has [`session`] grade it and
//! records what it says; [`prepared`] unpacks into a [`room`] and builds; [`session`] joins
//! [`harness`] and [`subject`]; [`verdict`] trusts nothing; [`samples`] records what a starter kit tries itself on.
//!
//! Whether the sandbox can be trusted, [`self_attack`] tries.
//!
//! Whether a grader can be trusted: [`solutions`] are what its folder brings along to be tried on,
//! [`evidence`] is what each [`trial`] of them says together, [`chance`] how likely luck is to fail a right one.

mod build;
pub mod chance;
pub mod evidence;
mod exceeded;
pub mod graders;
pub mod harness;
pub mod prepared;
pub mod room;
pub mod samples;
pub mod seed;
pub mod self_attack;
pub mod session;
pub mod solutions;
pub mod subject;
mod told;
pub mod trial;
pub mod verdict;
pub mod worker;
