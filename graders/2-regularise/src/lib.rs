//! Harness of project 2.
