//! A grading followed while it happens: server-sent events, each read from the store.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::ContentEncoding;
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;

use super::Shared;
use super::error::{Error, Result};
use super::stage::Stage;
use crate::course::PersonId;
use crate::course::result::GradingState;
use crate::store::submissions::{self, Grading, Submission};

/// How often the store is asked.
const LOOK: Duration = Duration::from_millis(300);
/// After so many looks the browser connects anew: ten minutes.
const LOOKS: u32 = 2000;
/// So many looks without news, and a comment keeps the connection: 3 seconds. Only by writing is it
/// noticed that nobody reads any more, and the person's place is given back.
const QUIET: u32 = 10;

/// What one event says: the stage, with what the page shows of it drawn already, so that it is shown
/// live as after a reload.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    stage: &'a Stage,
    html: String,
}

/// Whether there is still something to wait for.
pub(super) fn pending(grading: &Grading) -> bool {
    matches!(grading.state, GradingState::Waiting | GradingState::Running)
}

/// The last words of a stream that goes on in another one, a second later.
const AGAIN: &str = "retry: 1000\n: the browser will ask again\n\n";

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
    submission: Submission,
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
    let follower = Follower { _place: place, state, submission, last: None, looks: 0, quiet: 0 };
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
            match self.news().await {
                Ok(News::Over) => return ("event: done\ndata: {}\n\n".to_owned(), None),
                Ok(News::Event(event)) => {
                    self.quiet = 0;
                    return (event, Some(self));
                }
                Ok(News::None) => {}
                Err(fault) => {
                    tracing::error!(%fault, "A page's live progress failed");
                    return (AGAIN.to_owned(), None);
                }
            }
            self.quiet += 1;
            if self.looks >= LOOKS {
                return (AGAIN.to_owned(), None);
            }
            if self.quiet >= QUIET {
                self.quiet = 0;
                return (": still here\n\n".to_owned(), Some(self));
            }
        }
    }

    async fn news(&mut self) -> Result<News> {
        let gradings = submissions::gradings(&self.state.db, &self.submission.id).await?;
        let latest = gradings.iter().find(|grading| grading.counts);
        let Some(latest) = latest.filter(|latest| pending(latest)) else {
            return Ok(News::Over);
        };
        let stage = Stage::of(&self.state, &self.submission, latest).await?;
        if self.last.as_ref() == Some(&stage) {
            return Ok(News::None);
        }
        #[derive(Serialize)]
        struct Context<'a> {
            stage: &'a Stage,
        }
        let html = self.state.render("stage.html", None, &Context { stage: &stage })?;
        let data = serde_json::to_string(&Told { stage: &stage, html })?;
        self.last = Some(stage);
        Ok(News::Event(format!("event: progress\ndata: {data}\n\n")))
    }
}

/// What a look at the store brings.
enum News {
    /// The same as before.
    None,
    /// Something to tell.
    Event(String),
    /// Nothing more to wait for.
    Over,
}
