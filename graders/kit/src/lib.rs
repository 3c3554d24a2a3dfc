//! Both ends of a grading.
#[cfg(feature = "report")]
pub mod report;
