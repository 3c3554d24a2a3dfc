//! A letter in the form of an e-mail.

use std::time::{Duration, UNIX_EPOCH};

use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};

use crate::course::notice;
use crate::course::text::one_line;
use crate::store::outbox::Letter;

/// A letter that can't be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    /// Nothing can be sent to this address.
    #[error("the address can't be written to: {0}")]
    Address(#[from] AddressError),
    /// It makes no e-mail.
    #[error("the letter makes no e-mail: {0}")]
    Message(#[from] lettre::error::Error),
}

/// The e-mail of a letter: the same to the byte whenever it is composed.
///
/// # Errors
/// When its address is none.
pub(super) fn compose(letter: &Letter, from: &Mailbox, base: &str) -> Result<Message, Unfit> {
    let Letter { id, kind, first_name, body, path, .. } = letter;
    // A line break in a name would begin a header of its own.
    let name = one_line(&format!("{first_name} {}", letter.family_name));
    let to = Mailbox::new((!name.is_empty()).then_some(name), letter.email.as_str().parse()?);
    let written = Duration::from_millis(u64::try_from(letter.queued_at).unwrap_or(0));
    let message = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(one_line(&letter.subject))
        .date(UNIX_EPOCH + written)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        // So that nobody's "out of office" answers it.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(notice::letter(*kind, first_name, body, path, base))?;
    Ok(message)
}
