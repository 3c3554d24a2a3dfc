//! Harness of project 7.
