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
mod changes;
mod config;
mod counting;
mod database;
mod demo;
mod eighth;
mod evidence;
mod expectation;
mod export;
mod faults;
mod figure;
mod grade;
mod graders;

mod intake;
mod limits_shown;
mod line;
mod postgres;
mod queue;
mod results;
mod roster;
mod rules;
mod sandbox;
mod server;
mod starter;
mod store;
mod timeline;
mod web_account;
mod web_admissions;
mod web_api;
mod web_auth;
mod web_headers;
mod web_home;
mod web_limits;
mod web_pages;
mod web_routes;
mod web_staff;
mod web_student;
mod web_submission;
mod web_upload;
mod words;
