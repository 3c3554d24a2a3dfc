//! The roster: who is in a semester, and an import that is looked at before it changes anything.

use actix_multipart::Multipart;
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpResponse, web};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Nothing, Visitor, check_form_token};
use super::routes::Routes;
use super::{Shared, State};
use crate::course::SemesterName;
use crate::course::access::{Action, On};
use crate::course::roster::RosterRow;
use crate::export::links;
use crate::intake::{roster as roster_file, workbook};
use crate::store::roster::{self, Change, ImportError, Imported};
use crate::store::semesters;

/// A roster is small.
const ROSTER_BYTES: usize = 2 << 20;
/// Its form has two fields.
const FIELDS: usize = 8;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/admin/semesters/{semester}/roster", show_roster)
        .post("/admin/semesters/{semester}/roster/preview", preview)
        .post("/admin/semesters/{semester}/roster/import", import)
        .form_bytes(2 * ROSTER_BYTES)
        .post("/admin/semesters/{semester}/roster/links", links);
}

#[derive(Serialize, Default)]
struct RosterPage {
    semester: String,
    people: Vec<PersonRow>,
    preview: Option<Vec<(u64, String, String)>>,
    csv: String,
    fault: Option<String>,
    imported: bool,
    without_password: usize,
}

#[derive(Serialize)]
struct PersonRow {
    name: String,
    email: String,
    legi: String,
    role: String,
    department: String,
    has_password: bool,
}

async fn roster_page(state: &State, name: &SemesterName) -> Result<RosterPage> {
    semesters::get(&state.db, name).await?.ok_or(Error::NotFound)?;
    let row = |p: roster::Enrolled| PersonRow {
        name: format!("{} {}", p.first_name, p.family_name),
        email: p.email.to_string(),
        legi: p.legi.map_or_else(String::new, |legi| legi.to_string()),
        role: p.role.to_string(),
        department: p.department,
        has_password: p.has_password,
    };
    let people: Vec<PersonRow> =
        roster::everyone(&state.db, name).await?.into_iter().map(row).collect();
    let without_password = people.iter().filter(|person| !person.has_password).count();
    let semester = name.to_string();
    Ok(RosterPage { semester, people, without_password, ..RosterPage::default() })
}

async fn show_roster(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::ImportRoster, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    state.page("roster.html", Some(&visitor), roster_page(&state, &name).await?)
}

/// Says what an import would do; does nothing.
async fn preview(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    body: Multipart,
) -> Result<HttpResponse> {
    visitor.may(Action::ImportRoster, On::Semester(&name))?;
    let file = read_file(&visitor, body).await?;
    let mut page = roster_page(&state, &name).await?;
    let csv = match workbook::is_workbook(&file) {
        true => workbook::to_csv(&file).map_err(|fault| Error::Refused(fault.to_string()))?,
        false => file,
    };
    match roster_file::read(&csv) {
        Err(bad) => page.fault = Some(bad.to_string()),
        Ok(rows) => match roster::dry_run(&state.db, &name, &rows).await {
            Ok(would) => page.preview = Some(changes(&would)),
            Err(fault) => page.fault = Some(why_not(fault)?),
        },
    }
    page.csv = String::from_utf8_lossy(&csv).into_owned();
    state.page("roster.html", Some(&visitor), page)
}

#[derive(Deserialize)]
struct Import {
    csv: String,
}

async fn import(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    form: Checked<Import>,
) -> Result<HttpResponse> {
    visitor.may(Action::ImportRoster, On::Semester(&name))?;
    let rows: Vec<RosterRow> =
        roster_file::read(form.0.csv.as_bytes()).map_err(|bad| Error::Refused(bad.to_string()))?;
    let by = Some(&visitor.person.id);
    match roster::import(&state.db, &name, &rows, by, state.now()).await {
        Ok(done) => {
            let mut page = roster_page(&state, &name).await?;
            page.preview = Some(changes(&done));
            page.imported = true;
            state.page("roster.html", Some(&visitor), page)
        }
        Err(fault) => Err(Error::Refused(why_not(fault)?)),
    }
}

/// A file with a one-time link for everyone who has no password yet; earlier links end with it.
async fn links(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    visitor.may(Action::ImportRoster, On::Semester(&name))?;
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let everyone = roster::everyone(&state.db, &name).await?;
    let mut made = Vec::new();
    for one in everyone.into_iter().filter(|one| !one.has_password) {
        let link = state.invite(&one.person, &visitor.person.id).await?;
        let [family_name, first_name] = [one.family_name, one.first_name];
        made.push(links::Link { family_name, first_name, email: one.email, link });
    }
    let file = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(format!("links-{name}.csv"))],
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(file)
        .body(links::csv(&made)?))
}

/// The field `file`, after the form's token.
async fn read_file(visitor: &Visitor, mut body: Multipart) -> Result<Vec<u8>> {
    let unreadable = |fault: actix_multipart::MultipartError| Error::Bad(fault.to_string());
    let mut trusted = false;
    let mut csv = None;
    let mut fields = 0;
    while let Some(field) = body.next().await {
        let mut field = field.map_err(unreadable)?;
        fields += 1;
        if fields > FIELDS {
            return Err(Error::Bad(format!("The form has more than {FIELDS} fields.")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes(ROSTER_BYTES).await;
        let bytes = bytes
            .map_err(|_| Error::TooLarge("A roster has at most 2 MiB.".into()))?
            .map_err(unreadable)?;
        match name.as_str() {
            "form_token" => {
                check_form_token(visitor, &String::from_utf8_lossy(&bytes))?;
                trusted = true;
            }
            "file" => csv = Some(bytes.to_vec()),
            _ => {}
        }
    }
    if !trusted {
        return Err(Error::Bad("The form has no token.".into()));
    }
    csv.filter(|csv| !csv.is_empty())
        .ok_or_else(|| Error::Bad("No file was chosen, or it is empty.".into()))
}

fn changes(imported: &Imported) -> Vec<(u64, String, String)> {
    let words = |change: &Change| match change {
        Change::Added { new_person: true } => "new".to_owned(),
        Change::Added { new_person: false } => "enrolled".to_owned(),
        Change::Unchanged => "unchanged".to_owned(),
        Change::Changed(fields) => {
            let each = fields.iter().map(|f| format!("{}: {} → {}", f.field, f.from, f.to));
            each.collect::<Vec<_>>().join("; ")
        }
    };
    imported.rows.iter().map(|row| (row.line, row.email.to_string(), words(&row.change))).collect()
}

fn why_not(fault: ImportError) -> Result<String> {
    match fault {
        ImportError::Rows(rows) => Ok(rows.iter().map(|row| format!("{row}\n")).collect()),
        ImportError::NoSuchSemester(_) => Err(Error::NotFound),
        ImportError::Store(fault) => Err(fault.into()),
    }
}
