//! Letters out of the outbox and on their way: through an SMTP server, or into a folder to look at where
//! none is set.
//!
//! A letter is claimed under a lease, sent, and marked. Dying between the two last sends it again when
//! the lease runs out: under the same Message-ID, by which a mailbox knows it again, and in the folder
//! under the same name, where it takes its own place.

mod folder;
mod letter;
mod smtp;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{Clock, Millis};
use crate::course::Email;
use crate::course::notice::after_failure;
use crate::store::outbox::{self, Letter};
use crate::store::{self, Db};

/// How long a letter is one sender's; sending takes no longer than [`LONGEST`].
const LEASE_MS: Millis = 5 * 60_000;
/// A server that takes longer over one letter has not taken it.
const LONGEST: Duration = Duration::from_secs(120);
/// Between two looks into an outbox with nothing to send.
const LOOK: Duration = Duration::from_secs(2);

/// By which way letters go.
#[derive(Debug)]
enum Way {
    Folder(PathBuf),
    Smtp(smtp::Server),
}

/// All that sending needs.
#[derive(Debug)]
pub struct Post {
    way: Way,
    from: lettre::message::Mailbox,
    base: String,
}

/// The post can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The sender's address is none that can be written into a letter.
    #[error("letters can't come from `{from}`")]
    From {
        /// The address.
        from: Email,
        /// Why not.
        source: lettre::address::AddressError,
    },
    /// The SMTP server's URL can't be used; it may hold a password, so it is not repeated.
    #[error("smtp_url can't be used")]
    Url(#[source] lettre::transport::smtp::Error),
}

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    /// The way is closed at present: no connection, no encryption, no sign-in, no room.
    #[error("{0}")]
    Way(String),
    /// The server does not take this letter now.
    #[error("{0}")]
    Later(String),
    /// Nobody will ever take this letter.
    #[error("{0}")]
    Never(String),
}

/// What came of one look into the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is due.
    Idle,
    /// A letter was sent.
    Sent,
    /// A letter was not sent and will be tried again.
    PutOff,
    /// A letter was given up.
    GivenUp,
}

impl Post {
    /// Letters go into `folder`, a file each. `base` is the server's address for the links in them.
    ///
    /// # Errors
    /// When `from` can't be written into a letter.
    pub fn to_folder(folder: PathBuf, from: &Email, base: &str) -> Result<Self, PostError> {
        Self::by(Way::Folder(folder), from, base)
    }

    /// Letters go through the SMTP server at `url`.
    ///
    /// # Errors
    /// When `from` can't be written into a letter, or the URL can't be used.
    pub fn by_smtp(url: &str, from: &Email, base: &str) -> Result<Self, PostError> {
        Self::by(Way::Smtp(smtp::Server::at(url).map_err(PostError::Url)?), from, base)
    }

    fn by(way: Way, from: &Email, base: &str) -> Result<Self, PostError> {
        let address = from
            .as_str()
            .parse()
            .map_err(|source| PostError::From { from: from.clone(), source })?;
        let from = lettre::message::Mailbox::new(Some("Testat".to_owned()), address);
        Ok(Self { way, from, base: base.trim_end_matches('/').to_owned() })
    }

    /// Sends what is due next, if anything.
    ///
    /// # Errors
    /// When the store fails; a letter claimed before is sent again when its lease runs out.
    pub async fn step(&self, db: &Db, now: Millis) -> Result<Step, store::Error> {
        let Some(letter) = outbox::claim(db, now, now + LEASE_MS).await? else {
            return Ok(Step::Idle);
        };
        let Err(why) = self.send(&letter).await else {
            outbox::sent(db, &letter, now).await?;
            return Ok(Step::Sent);
        };
        let (id, tries, text) = (&letter.id, letter.tries, why.to_string());
        let wait = match &why {
            Undelivered::Never(_) => None,
            Undelivered::Way(_) | Undelivered::Later(_) => after_failure(tries),
        };
        // A server's answer names the address that it was about: that is for the admin's page alone.
        let shown = if matches!(why, Undelivered::Way(_)) { text.as_str() } else { "refused" };
        match wait {
            Some(wait) => {
                tracing::warn!(letter.id = %id, tries, fault = shown, "A letter was not sent; it is tried again");
                outbox::put_off(db, &letter, &text, now + wait).await?;
                Ok(Step::PutOff)
            }
            None => {
                tracing::error!(letter.id = %id, tries, fault = shown, "A letter was given up; the admins' page has it");
                outbox::give_up(db, &letter, &text, now).await?;
                Ok(Step::GivenUp)
            }
        }
    }

    async fn send(&self, letter: &Letter) -> Result<(), Undelivered> {
        let message = letter::compose(letter, &self.from, &self.base)
            .map_err(|fault| Undelivered::Never(fault.to_string()))?;
        let sending = async {
            match &self.way {
                Way::Smtp(server) => server.send(message).await,
                Way::Folder(folder) => {
                    let kept = folder::keep(folder, &letter.id, message.formatted()).await;
                    kept.map_err(|fault| Undelivered::Way(format!("{}: {fault}", folder.display())))
                }
            }
        };
        let late = |_| {
            Undelivered::Way(format!("the server took longer than {} seconds", LONGEST.as_secs()))
        };
        tokio::time::timeout(LONGEST, sending).await.map_err(late)?
    }

    /// Whether the way is open, in words.
    ///
    /// # Errors
    /// Says why it is not.
    pub async fn try_way(&self) -> Result<String, String> {
        match &self.way {
            Way::Folder(folder) => {
                Ok(format!("smtp_url is not set; letters are written into {}", folder.display()))
            }
            Way::Smtp(server) => server.greet().await,
        }
    }

    /// Sends whatever is due until `stop` says so.
    pub async fn run(self, db: Db, clock: Clock, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.step(&db, clock.now()).await {
                Ok(Step::Sent | Step::GivenUp) => continue,
                Ok(Step::Idle | Step::PutOff) => LOOK,
                Err(fault) => {
                    tracing::error!(%fault, "The outbox can't be read");
                    LOOK
                }
            };
            let _ = tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await;
        }
    }
}
