//! An SMTP server that letters are handed to.

use std::error::Error as _;
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::Undelivered;

/// For each answer of the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server, with connections that are used again.
#[derive(Debug)]
pub(super) struct Server(AsyncSmtpTransport<Tokio1Executor>);

impl Server {
    /// The server at `smtp://` or `smtps://`.
    ///
    /// # Errors
    /// When the URL is wrong.
    pub(super) fn at(url: &str) -> Result<Self, Error> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?;
        Ok(Self(builder.timeout(Some(PATIENCE)).build()))
    }

    /// Hands a letter over.
    ///
    /// # Errors
    /// When it was not taken.
    pub(super) async fn send(&self, message: Message) -> Result<(), Undelivered> {
        self.0.send(message).await.map(|_| ()).map_err(|fault| why(&fault))
    }

    /// Says hello, and signs in.
    ///
    /// # Errors
    /// Says why that failed.
    pub(super) async fn greet(&self) -> Result<String, String> {
        match self.0.test_connection().await {
            Ok(true) => Ok("the SMTP server answers".to_owned()),
            Ok(false) => Err("the SMTP server does not answer as it should".to_owned()),
            Err(fault) => Err(words(&fault)),
        }
    }
}

/// 55x is about this letter and final, other answers may change, and without an answer the way is closed;
/// so it is after a sign-in that failed (53x), which the operator mends.
fn why(fault: &Error) -> Undelivered {
    let text = words(fault);
    let Some(code) = fault.status() else { return Undelivered::Way(text) };
    match (code.severity, code.category) {
        (Severity::PermanentNegativeCompletion, Category::MailSystem) => Undelivered::Never(text),
        (_, Category::Unspecified3) => Undelivered::Way(text),
        _ => Undelivered::Later(text),
    }
}

fn words(fault: &Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        // Some of the causes are in the text already.
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}
