//! Harness of project 3.
