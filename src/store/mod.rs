//! What the server remembers: the only place with SQL, one text for SQLite and PostgreSQL.
//!
//! | module | keeps |
//! |---|---|
//! | [`people`] | people, their passwords, what they may be told apart by |
//! | [`sessions`], [`tokens`], [`invitations`], [`throttle`] | ways in, of which only hashes are stored, and failed tries |
//! | [`semesters`] | semesters, projects, windows |
//! | [`extensions`] | more time for one student |
//! | [`roster`] | who takes part, and the import of a whole class |
//! | [`submissions`] | uploads, their gradings and reports |
//! | [`queue`] | gradings that wait and run: claim, lease, heartbeat, fault, verdict |
//! | [`in_queue`], [`pauses`] | the queue as people look at it; projects that are not graded for a while |
//! | [`regrades`] | a project graded again beside what counts, then applied or discarded as a whole |
//! | [`durations`] | what gradings have taken |
//! | [`results`] | what counts: every student's standing and the admission list, from one query |
//! | [`acceptances`], [`excuses`] | late submissions that count, projects that do not for one student |
//! | [`foreseen`] | a decision that can be looked at before it is made |
//! | [`overrides`] | decisions of people in place of computed ones |
//! | [`questions`] | what students ask about results, and what is answered |
//! | [`outbox`], [`mail_off`] | letters to be sent by e-mail, and who does without which |
//! | [`reminders`] | who is told of a deadline that is near |
//! | [`comments`] | what instructors say of a submission's lines |
//! | [`copies`], [`copy_pairs`] | searches for copies, the pairs they found, and who has looked at them |
//! | [`audit`] | the log of all that happened, hashed into a chain |
//! | [`snapshot`] | all rows of one moment, out and into an empty database |
//! | [`integrity`] | whether all of it still fits together, and with the log |
//!
//! Rules of the course are decided in [`crate::course`]; here is read and written what they need.
//! There is no clock here: `now` comes in, epoch milliseconds, as every time does. What belongs
//! together is one transaction; a change of a result has its audit line in the same one.
//!
//! SQLite has one connection that writes (its lock is unfair among several) and a few that read;
//! what must see its own writes, or decides by what it reads, runs in a [`Tx`].

pub mod acceptances;
mod arg;
pub mod audit;
pub mod comments;
pub mod copies;
pub mod copy_pairs;
mod db;
pub mod durations;
pub mod excuses;
pub mod extensions;
mod faulted;
pub mod foreseen;
mod hand_in;
pub mod in_queue;
pub mod integrity;
pub mod invitations;
pub mod mail_off;
mod notify;
pub mod outbox;
pub mod overrides;
pub mod pauses;
pub mod people;
pub mod questions;
pub mod queue;
pub mod regrades;
mod regrading;
pub mod reminders;
pub mod results;
pub mod roster;
mod roster_plan;
pub mod self_attacks;
pub mod semesters;
pub mod sessions;
pub mod snapshot;
pub mod statistics;
pub mod submissions;
pub mod throttle;
pub mod tokens;

pub use db::{Db, Error, Tx, schema};
