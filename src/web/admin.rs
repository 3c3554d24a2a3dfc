//! What an admin does: semesters and their calendar, the admission list, the state of the server.

use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Visitor};
use super::mail::OutboxShown;
use super::page::see_other;
use super::routes::Routes;
use super::{HostNote, SelfAttack, Shared};
use crate::course::access::{Action, On};
use crate::course::{ProjectNumber, SemesterName, calendar};
use crate::export::{self, Format, List};
use crate::store::semesters;
use crate::store::{audit, queue, results, roster};

/// Gradings that need attention on the overview; the class pages have them all.
const STUCK_SHOWN: u32 = 20;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/admin", overview)
        .get("/admin/semesters/{semester}", semester)
        .post("/admin/semesters/{semester}/windows", set_window)
        .get("/admin/semesters/{semester}/admissions", admissions);
}

#[derive(Serialize)]
struct OverviewPage<'a> {
    semesters: Vec<SemesterRow>,
    host: &'a [HostNote],
    weak: bool,
    grades_others: bool,
    self_attack: SelfAttack,
    waiting: i64,
    running: i64,
    needs_attention: i64,
    stuck: Vec<StuckRow>,
    oldest: Option<i64>,
    disk: Option<Disk>,
    backup: Option<i64>,
    projects: Vec<(String, String, String)>,
    mail: OutboxShown,
}

#[derive(Serialize)]
struct StuckRow {
    submission: String,
    semester: String,
    fault: Option<String>,
}

#[derive(Serialize)]
struct SemesterRow {
    name: String,
    first_lecture: String,
    needed: i64,
    total: i64,
}

async fn overview(state: Shared, visitor: Visitor) -> Result<HttpResponse> {
    visitor.may(Action::SeeHealth, On::Server).map_err(|_| Error::NotFound)?;
    let depth = queue::depth(&state.db).await?;
    let semesters = semesters::all(&state.db).await?;
    let row = |s: semesters::Semester| SemesterRow {
        name: s.name.to_string(),
        first_lecture: s.first_lecture,
        needed: s.needed,
        total: s.total,
    };
    let project = |p: &super::ProjectInfo| (p.slug.to_string(), p.title.clone(), p.version.clone());
    let page = OverviewPage {
        semesters: semesters.into_iter().map(row).collect(),
        host: &state.host,
        weak: state.host.iter().any(|note| !note.ok),
        grades_others: state.grades_others,
        self_attack: state.self_attack.borrow().clone(),
        waiting: depth.waiting,
        running: depth.running,
        needs_attention: depth.needs_attention,
        stuck: queue::stuck(&state.db, STUCK_SHOWN).await?.into_iter().map(stuck_row).collect(),
        oldest: depth.oldest,
        disk: Disk::of(&state.data_dir),
        backup: audit::last_of(&state.db, "server.backup").await?,
        projects: state.projects.iter().map(project).collect(),
        mail: OutboxShown::of(&state).await?,
    };
    state.page("admin.html", Some(&visitor), page)
}

/// The room where the data lie.
#[derive(Serialize)]
struct Disk {
    free_gib: String,
    of_gib: String,
    /// Less than a tenth, or less than what a busy evening may bring.
    short: bool,
}

/// Below this uploads of one evening might not fit: 2,000 students, 1 MiB each.
const SHORT_BYTES: u64 = 2 << 30;

impl Disk {
    /// None where the system does not tell.
    fn of(folder: &std::path::Path) -> Option<Self> {
        let found = rustix::fs::statvfs(folder).ok()?;
        let [free, all] = [found.f_bavail, found.f_blocks].map(|blocks| blocks * found.f_frsize);
        let gib = |bytes: u64| format!("{:.1}", bytes as f64 / (1u64 << 30) as f64);
        let short = free < SHORT_BYTES || free < all / 10;
        Some(Self { free_gib: gib(free), of_gib: gib(all), short })
    }
}

fn stuck_row(stuck: queue::Stuck) -> StuckRow {
    StuckRow {
        submission: stuck.submission.to_string(),
        semester: stuck.semester.to_string(),
        fault: stuck.fault,
    }
}

#[derive(Serialize)]
struct SemesterPage {
    semester: String,
    first_lecture: String,
    needed: i64,
    total: i64,
    daily_limit: i64,
    projects: Vec<WindowRow>,
    people: usize,
}

#[derive(Serialize)]
struct WindowRow {
    number: i64,
    title: String,
    opens: i64,
    due: i64,
    opens_moment: String,
    due_moment: String,
}

async fn semester(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
) -> Result<HttpResponse> {
    visitor.may(Action::ManageSemesters, On::Server).map_err(|_| Error::NotFound)?;
    let semester = semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let projects = semesters::projects(&state.db, &name).await?;
    let row = |p: semesters::Project| WindowRow {
        number: p.number.get(),
        title: p.title,
        opens: p.opens,
        due: p.due,
        opens_moment: calendar::form_moment(p.opens),
        due_moment: calendar::form_moment(p.due),
    };
    let page = SemesterPage {
        semester: name.to_string(),
        first_lecture: semester.first_lecture,
        needed: semester.needed,
        total: semester.total,
        daily_limit: semester.daily_limit,
        projects: projects.into_iter().map(row).collect(),
        people: roster::everyone(&state.db, &name).await?.len(),
    };
    state.page("semester.html", Some(&visitor), page)
}

#[derive(Deserialize)]
struct SetWindow {
    /// Text: among the flattened fields of a form serde makes no numbers.
    project: String,
    opens: String,
    due: String,
}

async fn set_window(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    form: Checked<SetWindow>,
) -> Result<HttpResponse> {
    visitor.may(Action::SetWindows, On::Semester(&name))?;
    let instant = |moment: &str, time| {
        calendar::parse_moment(moment, time).map_err(|fault| Error::Bad(fault.to_string()))
    };
    let window = calendar::Window {
        project: form.0.project.parse().ok().and_then(ProjectNumber::new).ok_or(Error::NotFound)?,
        opens: instant(&form.0.opens, jiff::civil::Time::midnight())?,
        due: instant(&form.0.due, calendar::DUE_AT)?,
    };
    semesters::set_window(&state.db, &name, window, Some(&visitor.person.id), state.now()).await?;
    Ok(see_other(&format!("/admin/semesters/{name}")))
}

#[derive(Deserialize)]
struct Wanted {
    format: Option<String>,
}

#[derive(Serialize)]
struct AdmissionsPage {
    semester: String,
    projects: Vec<i64>,
    rows: Vec<AdmissionLine>,
    at: i64,
    may_export: bool,
}

#[derive(Serialize)]
struct AdmissionLine {
    person: String,
    legi: String,
    family_name: String,
    first_name: String,
    results: Vec<&'static str>,
    passed: u32,
    state: String,
    basis: String,
    since: Option<i64>,
}

async fn admissions(
    state: Shared,
    visitor: Visitor,
    name: web::Path<SemesterName>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeAdmissions, On::Semester(&name)).map_err(|_| Error::NotFound)?;
    semesters::get(&state.db, &name).await?.ok_or(Error::NotFound)?;
    let at = state.now();
    let rows = results::admissions(&state.db, &name, at).await?;
    if let Some(format) = &wanted.format {
        visitor.may(Action::ExportAdmissions, On::Semester(&name))?;
        let format: Format =
            format.parse().map_err(|fault: export::NotAFormat| Error::Bad(fault.to_string()))?;
        let written = export::write(&List { semester: &name, at, rows: &rows }, format)?;
        let by = Some(&visitor.person.id);
        audit::note(&state.db, audit::export_entry(&name, &written.digest, by, at)).await?;
        return Ok(file(written, format));
    }
    let page = AdmissionsPage {
        semester: name.to_string(),
        projects: rows
            .first()
            .map_or_else(Vec::new, |row| row.projects.iter().map(|p| p.number.get()).collect()),
        rows: rows.iter().map(admission_line).collect(),
        at,
        may_export: visitor.may(Action::ExportAdmissions, On::Semester(&name)).is_ok(),
    };
    state.page("admissions.html", Some(&visitor), page)
}

fn admission_line(row: &results::AdmissionRow) -> AdmissionLine {
    AdmissionLine {
        person: row.person.to_string(),
        legi: row.legi.to_string(),
        family_name: row.family_name.clone(),
        first_name: row.first_name.clone(),
        results: row.projects.iter().map(export::result_word).collect(),
        passed: row.admission.passed,
        state: row.admission.state.to_string(),
        basis: export::basis_words(&row.admission),
        since: row.admission.since,
    }
}

fn file(written: export::Written, format: Format) -> HttpResponse {
    let named = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(written.name)],
    };
    HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header(named)
        .insert_header(("x-content-sha256", written.digest.to_string()))
        .body(written.bytes)
}
