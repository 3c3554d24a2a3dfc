//! Everyone with a sign-in: what they are in which semester, the links with which they set a password,
//! and who administers the server.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor};
use super::page::see_other;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::{Email, PersonId};
use crate::store::people::{self, CreateError, NewPerson, Person};
use crate::store::{invitations, roster};

/// People on one page; a name in the search finds the others.
const SHOWN: usize = 100;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/admin/people", show)
        .post("/admin/people", add)
        .post("/admin/people/{person}/link", link)
        .post("/admin/people/{person}/admin", set_admin);
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
struct PeoplePage {
    q: String,
    people: Vec<PersonRow>,
    found: usize,
    everyone: usize,
    invited: Option<Invited>,
}

#[derive(Serialize)]
struct PersonRow {
    id: String,
    name: String,
    email: String,
    admin: bool,
    me: bool,
    has_password: bool,
    roles: Vec<String>,
}

/// A link, shown this once.
#[derive(Serialize)]
struct Invited {
    name: String,
    email: String,
    link: String,
    days: i64,
}

async fn show(state: Shared, visitor: Visitor, wanted: web::Query<Wanted>) -> Result<HttpResponse> {
    visitor.may(Action::ManagePeople, On::Server).map_err(|_| Error::NotFound)?;
    let page = page(&state, &visitor, &wanted.q, None).await?;
    state.page("people.html", Some(&visitor), page)
}

async fn page(
    state: &State,
    visitor: &Visitor,
    q: &str,
    invited: Option<Invited>,
) -> Result<PeoplePage> {
    let everyone = people::all(&state.db).await?;
    let roles = roster::roles(&state.db).await?;
    let wanted = q.trim().to_lowercase();
    let row = |person: &Person| PersonRow {
        id: person.id.to_string(),
        name: format!("{}, {}", person.family_name, person.first_name),
        email: person.email.to_string(),
        admin: person.admin,
        me: person.id == visitor.person.id,
        has_password: person.has_password,
        roles: roles
            .iter()
            .filter(|one| one.person == person.id)
            .map(|one| format!("{} in {}", one.role, one.semester))
            .collect(),
    };
    let fits = |person: &&Person| {
        // Whichever way round it is written.
        let names = format!("{} {} {}", person.first_name, person.family_name, person.first_name);
        names.to_lowercase().contains(&wanted) || person.email.as_str().contains(&wanted)
    };
    let found: Vec<&Person> = everyone.iter().filter(fits).collect();
    Ok(PeoplePage {
        q: q.to_owned(),
        people: found.iter().copied().take(SHOWN).map(row).collect(),
        found: found.len(),
        everyone: everyone.len(),
        invited,
    })
}

#[derive(Debug, Deserialize)]
struct Add {
    email: String,
    family_name: String,
    first_name: String,
    /// Present when the box is ticked.
    admin: Option<String>,
}

async fn add(state: Shared, visitor: Visitor, form: Checked<Add>) -> Result<HttpResponse> {
    visitor.may(Action::ManagePeople, On::Server)?;
    let email: Email = form.0.email.parse().map_err(|_| {
        Error::Refused(format!("`{}` is no e-mail address. Nobody was added.", form.0.email))
    })?;
    let named = |text: &str, what: &str| {
        let text = text.trim();
        let fits =
            !text.is_empty() && text.chars().count() <= 120 && !text.contains(char::is_control);
        fits.then(|| text.to_owned()).ok_or_else(|| {
            Error::Refused(format!("The {what} is missing or not one. Nobody was added."))
        })
    };
    let new = NewPerson {
        email,
        family_name: named(&form.0.family_name, "family name")?,
        first_name: named(&form.0.first_name, "first name")?,
        admin: form.0.admin.is_some(),
    };
    let by = Some(&visitor.person.id);
    let person = match people::create(&state.db, &new, by, state.now()).await {
        Ok(person) => person,
        Err(CreateError::EmailTaken) => {
            return Err(Error::Refused(format!(
                "Someone has the address {} already; find them in the list. Nobody was added.",
                new.email
            )));
        }
        Err(CreateError::Store(fault)) => return Err(fault.into()),
    };
    invited(&state, &visitor, &person).await
}

async fn link(
    state: Shared,
    visitor: Visitor,
    person: web::Path<PersonId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    visitor.may(Action::ManagePeople, On::Server)?;
    invited(&state, &visitor, &person).await
}

/// A new link on the page of people; earlier ones end with it.
async fn invited(state: &State, visitor: &Visitor, person: &PersonId) -> Result<HttpResponse> {
    let found = people::by_id(&state.db, person).await?.ok_or(Error::NotFound)?;
    let invited = Invited {
        name: format!("{} {}", found.first_name, found.family_name),
        email: found.email.to_string(),
        link: state.invite(person, &visitor.person.id).await?,
        days: invitations::LIFETIME / DAY_MS,
    };
    let page = page(state, visitor, found.email.as_str(), Some(invited)).await?;
    state.page("people.html", Some(visitor), page)
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl State {
    /// A link with which a person sets their password, once; nobody can show it again.
    pub(super) async fn invite(&self, person: &PersonId, by: &PersonId) -> Result<String> {
        let (secret, now) = (crate::secret::fresh(), self.now());
        let until = now + invitations::LIFETIME;
        invitations::create(&self.db, person, &secret.hash, until, Some(by), now).await?;
        Ok(format!("{}/welcome/{}", self.base_url, secret.text))
    }
}

#[derive(Debug, Deserialize)]
struct SetAdmin {
    admin: String,
}

async fn set_admin(
    state: Shared,
    visitor: Visitor,
    person: web::Path<PersonId>,
    form: Checked<SetAdmin>,
) -> Result<HttpResponse> {
    visitor.may(Action::ManagePeople, On::Server)?;
    let found = people::by_id(&state.db, &person).await?.ok_or(Error::NotFound)?;
    // So there is always one left: whoever asks.
    if found.id == visitor.person.id {
        return Err(Error::Refused(
            "Nobody takes the server away from themselves: another admin can.".to_owned(),
        ));
    }
    let admin = match form.0.admin.as_str() {
        "yes" => true,
        "no" => false,
        other => return Err(Error::Bad(format!("`{other}` is neither yes nor no."))),
    };
    people::set_admin(&state.db, &person, admin, Some(&visitor.person.id), state.now()).await?;
    let query: String =
        url::form_urlencoded::byte_serialize(found.email.as_str().as_bytes()).collect();
    Ok(see_other(&format!("/admin/people?q={query}")))
}
