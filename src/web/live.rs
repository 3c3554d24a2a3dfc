//! A grading followed while it happens: server-sent events, each read from the store.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::ContentEncoding;
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::{CheckInfo, Shared, State};
use crate::course::result::GradingState;
use crate::course::{PersonId, Slug, SubmissionId};
use crate::store::queue;
use crate::store::submissions::{self, Grading, Submission};

/// How often the store is asked.
const LOOK: Duration = Duration::from_millis(300);
/// After so many looks the browser connects anew: ten minutes.
const LOOKS: u32 = 2000;
/// Steps of the bar for each check.
const STEPS: usize = 20;
/// So many looks without news, and a comment keeps the connection: 3 seconds. Only by writing is it
/// noticed that nobody reads any more, and the person's place is given back.
const QUIET: u32 = 10;

/// How far a grading is, in words and as a bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Stage {
    words: String,
    done: usize,
    total: usize,
}

/// What a worker notes.
#[derive(Deserialize)]
struct Noted {
    phase: String,
    check: Option<String>,
    done: u32,
    total: u32,
}

/// Whether there is still something to wait for.
pub(super) fn pending(grading: &Grading) -> bool {
    matches!(grading.state, GradingState::Waiting | GradingState::Running)
}

impl Stage {
    pub(super) async fn of(state: &State, slug: &Slug, grading: &Grading) -> Result<Self> {
        if grading.state == GradingState::Waiting {
            let Some(ahead) = queue::ahead_of(&state.db, &grading.id).await? else {
                return Ok(Self::words(
                    "Waiting until the pause of this project is over.".to_owned(),
                ));
            };
            return Ok(Self::words(match ahead {
                _ if grading.not_before > state.now() => {
                    "Waiting for another try: the last one failed, through no fault of yours."
                        .to_owned()
                }
                0 => "Waiting: yours is next.".to_owned(),
                1 => "Waiting: one submission is ahead of yours.".to_owned(),
                n => format!("Waiting: {n} submissions are ahead of yours."),
            }));
        }
        let noted: Option<Noted> =
            grading.progress.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let checks = state.info(slug).map_or(&[][..], |info| &info.checks);
        Ok(noted.map_or_else(|| Self::words("Beginning.".to_owned()), |n| Self::noted(&n, checks)))
    }

    /// A stage of unknown length.
    fn words(words: String) -> Self {
        Self { words, done: 0, total: 0 }
    }

    fn noted(noted: &Noted, checks: &[CheckInfo]) -> Self {
        let Some(check) = &noted.check else {
            return Self::words(match noted.phase.as_str() {
                "unpack" => "Unpacking the archive.".to_owned(),
                "build" => "Building the program.".to_owned(),
                "start" => "Starting the program.".to_owned(),
                _ => "Checking the program.".to_owned(),
            });
        };
        let Some(place) = checks.iter().position(|info| info.id == *check) else {
            return Self::words("Checking the program.".to_owned());
        };
        let (steps, total) = (place * STEPS, checks.len() * STEPS);
        let within = STEPS * noted.done as usize / noted.total.max(1) as usize;
        Self {
            words: format!("Check {} of {}: {}.", place + 1, checks.len(), checks[place].title),
            done: steps + within.min(STEPS),
            total,
        }
    }
}

/// How many streams each person has open on this server.
#[derive(Clone, Debug, Default)]
pub(super) struct Followers(Arc<Mutex<HashMap<PersonId, usize>>>);

/// One of a person's streams; given back when the connection ends, however it does.
struct Place {
    all: Followers,
    person: PersonId,
}

impl Followers {
    /// A place, unless the person has `most` already.
    fn take(&self, person: &PersonId, most: usize) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(person.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { all: self.clone(), person: person.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.person);
            }
        }
    }
}

/// Where one connection is.
struct Follower {
    _place: Place,
    state: Shared,
    submission: SubmissionId,
    slug: Slug,
    last: Option<Stage>,
    looks: u32,
    quiet: u32,
}

/// The stream for one submission's page; ends when the last grading has ended.
///
/// # Errors
/// [`Error::Slow`] if the person follows as many as anyone may.
pub(super) fn stream(
    state: Shared,
    person: &PersonId,
    submission: Submission,
) -> Result<HttpResponse> {
    let place = state.followers.take(person, state.patience.live_per_person);
    let place = place.ok_or(Error::Slow { wait_s: 10 })?;
    let Submission { id: submission, slug, .. } = submission;
    let follower =
        Follower { _place: place, state, submission, slug, last: None, looks: 0, quiet: 0 };
    let events = stream::unfold(Some(follower), |follower| async move {
        let (event, follower) = follower?.next().await;
        Some((Ok::<_, Infallible>(Bytes::from(event)), follower))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Compressed, an event would wait until there is more to compress.
        .insert_header(ContentEncoding::Identity)
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

impl Follower {
    /// The next thing to say, and who goes on.
    async fn next(mut self) -> (String, Option<Self>) {
        loop {
            if self.looks > 0 {
                tokio::time::sleep(LOOK).await;
            }
            self.looks += 1;
            match self.look().await {
                Ok(None) => return ("event: done\ndata: {}\n\n".to_owned(), None),
                Ok(Some(stage)) if self.last.as_ref() != Some(&stage) => {
                    self.quiet = 0;
                    let data = serde_json::to_string(&stage).unwrap_or_default();
                    self.last = Some(stage);
                    return (format!("event: progress\ndata: {data}\n\n"), Some(self));
                }
                Ok(Some(_)) => {}
                Err(fault) => {
                    tracing::error!(%fault, "A page's live progress failed");
                    return (": the browser will ask again\n\n".to_owned(), None);
                }
            }
            self.quiet += 1;
            if self.looks >= LOOKS {
                return (": the browser will ask again\n\n".to_owned(), None);
            }
            if self.quiet >= QUIET {
                self.quiet = 0;
                return (": still here\n\n".to_owned(), Some(self));
            }
        }
    }

    /// The stage; none when there is nothing more to wait for.
    async fn look(&self) -> Result<Option<Stage>> {
        let gradings = submissions::gradings(&self.state.db, &self.submission).await?;
        let latest = gradings.iter().find(|grading| grading.counts);
        match latest.filter(|latest| pending(latest)) {
            Some(latest) => Stage::of(&self.state, &self.slug, latest).await.map(Some),
            None => Ok(None),
        }
    }
}
