//! Harness of project 6.
