//! Harness of project 5.
