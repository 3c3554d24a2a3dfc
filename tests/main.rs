//! All tests, in one binary: each file a subject.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests start programs and look at the clock")]

mod access;
mod app;
mod architecture;
mod attacks;
mod audit;
mod backup;
mod browser;
mod config;
mod copies;
mod database;
mod demo;
mod eighth;
mod evidence;
mod export;
mod faults;
mod figure;
mod grade;
mod graders;

mod intake;
mod line;
mod postgres;
mod queue;
mod results;
mod roster;
mod rules;
mod sandbox;
mod server;
mod starter;
mod statistics;
mod store;
mod web_account;
mod web_admissions;
mod web_api;
mod web_auth;
mod web_class;
mod web_copies;
mod web_files;
mod web_headers;
mod web_limits;
mod web_pages;
mod web_routes;
mod web_staff;
mod web_student;
mod words;
