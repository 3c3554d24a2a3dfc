//! An upload from its first byte to its receipt: the same for the page and for the API.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;

use super::error::{Error, Result};
use super::guard::{Visitor, check_form_token};
use super::{State, page};
use crate::clock::Millis;
use crate::course::attempts::Refusal;
use crate::course::{
    PersonId, ProjectNumber, SemesterName, Slug, SubmissionId, UploadKey, calendar,
};
use crate::intake::archive::{self, Manifest, Rejected};
use crate::intake::blobs::Received;
use crate::intake::{Fault, Trouble};
use crate::store::semesters;
use crate::store::submissions::{self, InsertError, Keyed, NewSubmission, Taken};

/// A sender that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// An upload that takes longer in all is given up, however steadily it drips.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// What surrounds the archive in a multipart body.
const WRAPPING: u64 = 64 << 10;

/// When a request's first byte was here: what decides whether a submission is on time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived(pub Millis);

impl FromRequest for Arrived {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let arrived = request.extensions().get::<Self>().copied();
        std::future::ready(
            arrived.ok_or_else(|| Error::Fault("the time of arrival was not noted".into())),
        )
    }
}

/// For what, by whom, when.
#[derive(Clone, Debug)]
pub(super) struct HandingIn {
    /// The semester.
    pub semester: SemesterName,
    /// The project.
    pub slug: Slug,
    /// The student.
    pub person: PersonId,
    /// When the first byte was here.
    pub arrived: Arrived,
}

/// Whether a form token must come before the archive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sender<'a> {
    /// A page of ours: its form token comes first.
    Page(&'a Visitor),
    /// A program with a bearer token, which no other site can make a browser send.
    Program,
}

/// What came of an upload.
#[derive(Clone, Debug)]
pub(super) struct HandedIn {
    /// The submission.
    pub submission: SubmissionId,
    /// Whether the same upload had come before, under the same key: then this is its submission.
    pub again: bool,
}

/// Takes the upload in; what it acknowledges is on disk. Sent again under its key, it is not taken in
/// again.
///
/// # Errors
/// [`Error::Refused`] naming the entry, [`Error::TooLarge`], or what the rules say; nothing is
/// stored then.
pub(super) async fn hand_in(
    state: &State,
    request: &HttpRequest,
    what: &HandingIn,
    sender: Sender<'_>,
    body: Multipart,
) -> Result<HandedIn> {
    let project =
        semesters::project(&state.db, &what.semester, &what.slug).await?.ok_or(Error::NotFound)?;
    if state.info(&what.slug).is_none() {
        let text = format!(
            "Nothing can be handed in for {} yet: its grader is not installed.",
            project.title
        );
        return Err(Error::Refused(text));
    }
    state.is_safe()?;
    refuse_early(state, request)?;
    let mut delivery =
        Delivery { state, what, project: project.number, sender, key: key_of(request)? };
    let (name, received) = in_time(LONGEST, delivery.receive(body)).await??;
    delivery.keep(name, received).await
}

/// The header that programs send; the page has a field.
fn key_of(request: &HttpRequest) -> Result<Option<UploadKey>> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().parse();
    key.map(Some).map_err(|fault| Error::Bad(format!("The header Idempotency-Key: {fault}.")))
}

/// One upload on its way in.
struct Delivery<'a> {
    state: &'a State,
    what: &'a HandingIn,
    project: ProjectNumber,
    sender: Sender<'a>,
    key: Option<UploadKey>,
}

impl Delivery<'_> {
    /// Checks what has come and stores it, unless it is here already.
    async fn keep(&self, name: String, received: Received) -> Result<HandedIn> {
        let state = self.state;
        // Asked again, as others may have come in meanwhile: an archive that is kept is kept for ever.
        if let Some(before) = self.before_or_allowed().await? {
            let submission = before.same(received.digest())?;
            return Ok(HandedIn { submission, again: true });
        }
        let manifest = inspect(state, &name, received.clone()).await?;
        let _naming = state.blobs.naming().await;
        let digest = state.blobs.put(&received).await?;
        let new = NewSubmission {
            semester: self.what.semester.clone(),
            project: self.project,
            person: self.what.person.clone(),
            digest,
            size: i64::try_from(received.bytes()).unwrap_or(i64::MAX),
            file_name: name,
            language: manifest.language,
            received_at: self.what.arrived.0,
        };
        let taken = match &self.key {
            Some(key) => submissions::insert_once(&state.db, &new, key, state.now()).await?,
            None => Taken::New(submissions::insert(&state.db, &new, state.now()).await?),
        };
        match taken {
            Taken::New(receipt) => Ok(HandedIn { submission: receipt.submission, again: false }),
            Taken::Before(submission) => Ok(HandedIn { submission, again: true }),
        }
    }

    /// What came before under this key; where nothing did, the rules must allow this one: what will
    /// be refused need not be sent, and is not kept.
    async fn before_or_allowed(&self) -> Result<Option<Keyed>> {
        if let Some(before) = self.before().await? {
            return Ok(Some(before));
        }
        let HandingIn { semester, person, arrived, .. } = self.what;
        let (db, project) = (&self.state.db, self.project);
        match submissions::may_hand_in(db, semester, project, person, arrived.0).await {
            Ok(()) => Ok(None),
            // The one sent at the same time may be what reached the limit.
            Err(refused) => Ok(Some(self.before().await?.ok_or(refused)?)),
        }
    }

    async fn before(&self) -> Result<Option<Keyed>> {
        let Some(key) = &self.key else { return Ok(None) };
        let HandingIn { semester, person, .. } = self.what;
        Ok(submissions::by_key(&self.state.db, semester, person, self.project, key).await?)
    }

    /// The field `archive`, on disk, with the name it came under.
    async fn receive(&mut self, mut body: Multipart) -> Result<(String, Received)> {
        let state = self.state;
        let mut trusted = matches!(self.sender, Sender::Program);
        let mut archive = None;
        let mut to_skip = state.archive_limits.packed;
        while let Some(field) = patiently(body.next()).await? {
            let mut field = field.map_err(unreadable)?;
            match (field.name().unwrap_or_default(), self.sender) {
                ("form_token", Sender::Page(visitor)) => {
                    check_form_token(visitor, &short(&mut field, "form token").await?)?;
                    trusted = true;
                }
                ("upload_key", Sender::Page(_)) if self.key.is_none() && archive.is_none() => {
                    let key = short(&mut field, "upload's key").await?.parse();
                    self.key = Some(key.map_err(|_| Error::Bad(KEY_UNFIT.into()))?);
                }
                ("archive", _) if !trusted => {
                    return Err(Error::Bad("The form token must come before the archive.".into()));
                }
                ("archive", _) if archive.is_none() => {
                    self.before_or_allowed().await?;
                    let named = field
                        .content_disposition()
                        .and_then(|d| d.get_filename().map(str::to_owned));
                    let received = to_disk(state, &mut field).await?;
                    archive = Some((named.unwrap_or_default(), received));
                }
                _ => skip(state, &mut field, &mut to_skip).await?,
            }
        }
        let (name, received) =
            archive.ok_or_else(|| Error::Bad("The field `archive` is missing.".into()))?;
        if received.bytes() == 0 {
            return Err(Error::Bad("No file was chosen, or it is empty.".into()));
        }
        Ok((shown_name(&name), received))
    }
}

const KEY_UNFIT: &str = "The form's upload key is damaged: please open the project's page anew.";

/// A field of a form that is a few words.
async fn short(field: &mut Field, what: &str) -> Result<String> {
    let bytes = field.bytes(200).await;
    let bytes = bytes.map_err(|_| Error::Bad(format!("The {what} is too long.")))?;
    Ok(String::from_utf8_lossy(&bytes.map_err(unreadable)?).into_owned())
}

/// A body that says beforehand that it is too large need not be sent.
fn refuse_early(state: &State, request: &HttpRequest) -> Result<()> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced: u64 = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    if announced > state.archive_limits.packed + WRAPPING {
        return Err(Rejected::TooLarge { limit: state.archive_limits.packed }.into());
    }
    Ok(())
}

async fn to_disk(state: &State, field: &mut Field) -> Result<Received> {
    let mut upload = state.blobs.begin(state.archive_limits.packed).await?;
    while let Some(piece) = patiently(field.next()).await? {
        upload.write(piece.map_err(unreadable)?).await?;
    }
    Ok(upload.finish().await?)
}

/// A field that nobody asked for: read, so that what follows can be, and not kept.
async fn skip(state: &State, field: &mut Field, left: &mut u64) -> Result<()> {
    while let Some(piece) = patiently(field.next()).await? {
        let size = piece.map_err(unreadable)?.len() as u64;
        *left = left
            .checked_sub(size)
            .ok_or(Rejected::TooLarge { limit: state.archive_limits.packed })?;
    }
    Ok(())
}

async fn patiently<T>(next: impl Future<Output = T>) -> Result<T> {
    in_time(SILENCE, next).await
}

async fn in_time<T>(most: Duration, work: impl Future<Output = T>) -> Result<T> {
    let late = |_| {
        let seconds = most.as_secs();
        Error::Bad(format!(
            "Nothing was complete after {seconds} seconds; the upload was given up."
        ))
    };
    tokio::time::timeout(most, work).await.map_err(late)
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn unreadable(fault: MultipartError) -> Error {
    let why = match &fault {
        MultipartError::Payload(fault) => fault.to_string(),
        other => other.to_string(),
    };
    Error::Bad(format!("The upload can't be read: {why}"))
}

/// The last part of a path, without what could mislead.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    page::visible(&last.replace(['\n', '\t'], " ")).chars().take(200).collect()
}

async fn inspect(state: &State, name: &str, received: Received) -> Result<Manifest> {
    let (name, limits) = (name.to_owned(), state.archive_limits);
    let inspected =
        tokio::task::spawn_blocking(move || archive::inspect(received.file(), &name, &limits));
    let stopped =
        |fault| Fault { doing: "inspecting an upload", source: std::io::Error::other(fault) };
    Ok(inspected.await.map_err(|fault| Trouble::Fault(stopped(fault)))??)
}

impl From<Rejected> for Error {
    fn from(why: Rejected) -> Self {
        match why {
            Rejected::TooLarge { .. } => Self::TooLarge(why.to_string()),
            _ => Self::Refused(why.to_string()),
        }
    }
}

impl From<InsertError> for Error {
    fn from(error: InsertError) -> Self {
        match error {
            InsertError::Refused(Refusal::NotYetOpen { opens }) => {
                Self::Conflict(format!("This project opens {}.", calendar::in_words(opens)))
            }
            InsertError::Refused(Refusal::DailyLimit { limit, again_from }) => {
                Self::Conflict(format!(
                    "You have handed in this project {limit} times today, which is the limit; again from {}.",
                    calendar::in_words(again_from)
                ))
            }
            InsertError::KeyOfAnother { number } => Self::Conflict(format!(
                "This was sent under the key of your submission {number}, which has other contents, so \
                 nothing was handed in. Open the project's page anew and hand in from there; a program \
                 takes a new Idempotency-Key for each archive."
            )),
            InsertError::NotAStudent => Self::Denied,
            InsertError::NoSuchProject => Self::NotFound,
            InsertError::Store(fault) => fault.into(),
        }
    }
}
