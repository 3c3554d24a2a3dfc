//! Harness of project 4.
