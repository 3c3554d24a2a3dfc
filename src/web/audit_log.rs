//! The audit log as a page: narrowed to an action, a person, a thing or some days, and checked.

use actix_web::{HttpResponse, web};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::Visitor;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::{Email, PersonId, calendar};
use crate::store::audit::{self, Filter};
use crate::store::people;

/// Lines on one page.
const LINES: u32 = 100;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/admin/audit", audit_log);
}

/// What is to be shown; an empty field of the form counts as missing.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Asked {
    /// Lines before this one.
    before: String,
    /// Given, the whole chain is checked: too much work to be done on every view.
    verify: String,
    action: String,
    /// Who did it: an e-mail address.
    by: String,
    /// About what: an id, or the start of one, such as a semester's name.
    about: String,
    /// First and last day.
    from: String,
    to: String,
}

#[derive(Serialize)]
struct AuditPage {
    asked: Asked,
    narrowed: bool,
    actions: Vec<String>,
    lines: Vec<AuditLine>,
    verified: Option<Chain>,
    older: Option<String>,
}

#[derive(Serialize)]
struct Chain {
    unbroken: bool,
    words: String,
}

#[derive(Serialize)]
struct AuditLine {
    seq: i64,
    at: i64,
    by: Option<String>,
    action: String,
    subject: String,
    details: String,
}

async fn audit_log(
    state: Shared,
    visitor: Visitor,
    asked: web::Query<Asked>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeAudit, On::Server).map_err(|_| Error::NotFound)?;
    let asked = asked.into_inner();
    let filter = filter(&state, &asked).await?;
    let lines = audit::filtered(&state.db, &filter, LINES).await?;
    let verified = match asked.verify.is_empty() {
        true => None,
        false => Some(check_chain(&state).await?),
    };
    let people = people::all(&state.db).await?;
    let name = |id: &PersonId| {
        let person = people.iter().find(|person| person.id == *id);
        person
            .map_or_else(|| id.to_string(), |one| format!("{} {}", one.first_name, one.family_name))
    };
    let older = lines.last().filter(|_| lines.len() == LINES as usize).map(|line| line.seq);
    let page = AuditPage {
        narrowed: filter.is_narrow(),
        actions: audit::actions(&state.db).await?,
        older: older.map(|line| asked.older_than(line)),
        lines: lines
            .iter()
            .map(|line| AuditLine {
                seq: line.seq,
                at: line.at,
                by: line.actor.as_ref().map(name),
                action: line.action.clone(),
                subject: line.subject.clone(),
                details: line.details.clone(),
            })
            .collect(),
        verified,
        asked,
    };
    state.page("audit.html", Some(&visitor), page)
}

async fn filter(state: &State, asked: &Asked) -> Result<Filter> {
    let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let by = match given(&asked.by) {
        None => None,
        Some(text) => {
            let nobody = || Error::Bad(format!("Nobody has the e-mail address `{text}`."));
            let email: Email = text.parse().map_err(|_| nobody())?;
            Some(people::by_email(&state.db, &email).await?.ok_or_else(nobody)?.id)
        }
    };
    let day = |text: &str, time: Time| match given(text) {
        None => Ok(None),
        Some(day) => calendar::parse_moment(&day, time)
            .map(Some)
            .map_err(|fault| Error::Bad(format!("{fault}."))),
    };
    let before = match given(&asked.before) {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|_| Error::Bad(format!("`{text}` is no line of the log.")))?)
        }
    };
    Ok(Filter {
        before,
        action: given(&asked.action),
        by,
        about: given(&asked.about),
        from: day(&asked.from, Time::midnight())?,
        to: day(&asked.to, calendar::DUE_AT)?.map(|last| last + 999),
    })
}

impl Asked {
    /// The address of what comes before a line, with the same filters.
    fn older_than(&self, line: i64) -> String {
        let before = line.to_string();
        let fields = [
            ("action", &self.action),
            ("by", &self.by),
            ("about", &self.about),
            ("from", &self.from),
            ("to", &self.to),
            ("before", &before),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        format!("/admin/audit?{}", query.finish())
    }
}

async fn check_chain(state: &State) -> Result<Chain> {
    match audit::verify(&state.db).await {
        Ok(held) => Ok(Chain { unbroken: true, words: format!("{} lines, unbroken.", held.lines) }),
        Err(audit::Broken::Store(fault)) => Err(fault.into()),
        Err(broken) => Ok(Chain { unbroken: false, words: broken.to_string() }),
    }
}
