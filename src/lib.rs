//! Testat takes in the projects of a course, grades them in a sandbox, and works out who may sit
//! the exam.
//!
//! The way of one submission, folder by folder:
//!
//! ```text
//! web        who is it, may they, is it open
//! intake     stream to disk under limits, check, hash
//! store      one transaction: submission + grading          -> 201
//! grading    a worker claims the grading (lease)
//! sandbox    unpack, build, start the subject
//! graders/*  the harness asks, measures, decides
//! grading    the report is checked and stored
//! course     result and admission, worked out on reading
//! export     the list of who is admitted
//! mail       what was done is told by e-mail, from the store's outbox
//! ```
//!
//! Beside it, and read by nothing on it: `copies` finds what programs have in common, and `code` reads
//! program text for it and for the pages.
//!
//! One direction: nothing downstream calls back upstream; a page learns of progress from the store.

pub mod clock;
pub mod code;
pub mod commands;
pub mod config;
pub mod copies;
pub mod course;
pub mod export;
pub mod grading;
pub mod intake;
pub mod mail;
pub mod runtime;
pub mod sandbox;
pub mod secret;
pub mod store;
pub mod web;
