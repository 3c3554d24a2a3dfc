//! Letters by e-mail: which of them a person gets, and which could not be sent.

use std::collections::HashMap;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::error::Result;
use super::guard::{Checked, Nothing, Visitor};
use super::page::see_other;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::Role;
use crate::course::access::{Action, On};
use crate::course::notice::Kind;
use crate::store::mail_off;
use crate::store::outbox::{self, Unsent};

/// Letters that went wrong, on the overview.
const UNSENT_SHOWN: u32 = 20;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.post("/profile/mail", choose).post("/admin/mail/again", again);
}

/// A kind of letter that a person may do without.
#[derive(Serialize)]
pub(super) struct Switch {
    kind: &'static str,
    words: &'static str,
    on: bool,
}

/// The kinds that this person could get.
fn kinds_for(visitor: &Visitor) -> Vec<Kind> {
    let has = |role| visitor.actor.roles.iter().any(|(_, is)| *is == role);
    let staff = has(Role::Instructor) || visitor.actor.admin;
    let student = has(Role::Student);
    let meant = |kind: &Kind| if kind.for_staff() { staff } else { student };
    Kind::OPTIONAL.into_iter().filter(meant).collect()
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Receipt => "What you handed in was received",
        Kind::Verdict => "A grading has its verdict, or an instructor decided a result",
        Kind::Deadline => "A project is due within two days and not passed",
        Kind::Answer => "A question of yours was answered or closed",
        Kind::Extension => "You were given more time",
        Kind::Admission => "You are admitted to the exam",
        Kind::Question => "A student asked about a result, or wrote again",
    }
}

/// The switches of a person's account page.
pub(super) async fn switches(state: &State, visitor: &Visitor) -> Result<Vec<Switch>> {
    let off = mail_off::of_person(&state.db, &visitor.person.id).await?;
    let switch =
        |kind: Kind| Switch { kind: kind.as_str(), words: words(kind), on: !off.contains(&kind) };
    Ok(kinds_for(visitor).into_iter().map(switch).collect())
}

/// Kinds by name; what is not ticked is not sent along.
#[derive(Deserialize)]
struct Choice {
    #[serde(flatten)]
    on: HashMap<String, String>,
}

async fn choose(state: Shared, visitor: Visitor, form: Checked<Choice>) -> Result<HttpResponse> {
    let person = &visitor.person.id;
    visitor.may(Action::ManageOwn, On::Person(person))?;
    let shown = kinds_for(&visitor);
    // What the form does not show stays as it was.
    let mut off = mail_off::of_person(&state.db, person).await?;
    off.retain(|kind| !shown.contains(kind));
    off.extend(shown.into_iter().filter(|kind| !form.0.on.contains_key(kind.as_str())));
    mail_off::set(&state.db, person, &off, state.now()).await?;
    Ok(see_other("/profile#mail"))
}

/// The outbox, as an admin sees it.
#[derive(Serialize)]
pub(super) struct OutboxShown {
    waiting: i64,
    failed: i64,
    oldest: Option<i64>,
    unsent: Vec<UnsentRow>,
}

#[derive(Serialize)]
struct UnsentRow {
    kind: &'static str,
    email: String,
    queued_at: i64,
    tries: i64,
    again_at: Option<i64>,
    fault: String,
}

impl OutboxShown {
    pub(super) async fn of(state: &State) -> Result<Self> {
        let depth = outbox::depth(&state.db).await?;
        let row = |letter: Unsent| UnsentRow {
            kind: letter.kind.as_str(),
            email: letter.email.to_string(),
            queued_at: letter.queued_at,
            tries: letter.tries,
            again_at: letter.again_at,
            fault: letter.fault,
        };
        let unsent = outbox::unsent(&state.db, UNSENT_SHOWN).await?;
        Ok(Self {
            waiting: depth.waiting,
            failed: depth.failed,
            oldest: depth.oldest,
            unsent: unsent.into_iter().map(row).collect(),
        })
    }
}

async fn again(state: Shared, visitor: Visitor, _form: Checked<Nothing>) -> Result<HttpResponse> {
    visitor.may(Action::SeeHealth, On::Server)?;
    outbox::try_again(&state.db, &visitor.person.id, state.now()).await?;
    Ok(see_other("/admin#mail"))
}
