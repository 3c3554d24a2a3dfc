//! What an admin does: semesters and their calendar, the admission list, the state of the server,
//! the audit log.

use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::guard::{Checked, Visitor};
use super::mail::OutboxShown;
use super::page::see_other;
use super::routes::Routes;
use super::{HostNote, SelfAttack, Shared, State};
use crate::course::access::{Action, On};
use crate::course::{ProjectNumber, SemesterName, calendar};
use crate::export::{self, Format, List};
use crate::store::semesters;
use crate::store::{audit, queue, results, roster};

/// Lines of the audit log on one page.
const AUDIT_LINES: u32 = 100;
/// Gradings that need attention on the overview; the class pages have them all.
const STUCK_SHOWN: u32 = 20;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/admin", overview)
        .get("/admin/audit", audit_log)
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
        projects: state.projects.iter().map(project).collect(),
        mail: OutboxShown::of(&state).await?,
    };
    state.page("admin.html", Some(&visitor), page)
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
    opens_day: String,
    due_day: String,
}

/// `2026-09-29`, as a date field wants it.
fn day_of(at: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    instant.to_zoned_datetime(calendar::zurich()).strftime("%Y-%m-%d").to_string()
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
        opens_day: day_of(p.opens),
        due_day: day_of(p.due),
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
    let instant = |day: &str, time| {
        let day = calendar::parse_day(day).map_err(|fault| Error::Bad(fault.to_string()))?;
        calendar::instant_of(day, time).ok_or_else(|| Error::Bad("No such day.".into()))
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
        basis: export::basis_words(&row.admission.basis),
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

#[derive(Deserialize)]
struct Shown {
    before: Option<i64>,
    /// Given, the whole chain is checked: too much work to be done on every view.
    verify: Option<String>,
}

#[derive(Serialize)]
struct AuditPage {
    lines: Vec<AuditLine>,
    verified: Option<Chain>,
    older: Option<i64>,
}

#[derive(Serialize)]
struct Chain {
    unbroken: bool,
    words: String,
}

async fn check_chain(state: &State) -> Result<Chain> {
    match audit::verify(&state.db).await {
        Ok(held) => Ok(Chain { unbroken: true, words: format!("{} lines, unbroken.", held.lines) }),
        Err(audit::Broken::Store(fault)) => Err(fault.into()),
        Err(broken) => Ok(Chain { unbroken: false, words: broken.to_string() }),
    }
}

#[derive(Serialize)]
struct AuditLine {
    seq: i64,
    at: i64,
    actor: Option<String>,
    action: String,
    subject: String,
    details: String,
}

async fn audit_log(
    state: Shared,
    visitor: Visitor,
    shown: web::Query<Shown>,
) -> Result<HttpResponse> {
    visitor.may(Action::SeeAudit, On::Server).map_err(|_| Error::NotFound)?;
    let lines = audit::list(&state.db, shown.before, AUDIT_LINES).await?;
    let verified = match &shown.verify {
        Some(_) => Some(check_chain(&state).await?),
        None => None,
    };
    let line = |line: audit::Line| AuditLine {
        seq: line.seq,
        at: line.at,
        actor: line.actor.map(|actor| actor.to_string()),
        action: line.action,
        subject: line.subject,
        details: line.details,
    };
    let older = lines.last().map(|line| line.seq).filter(|seq| *seq > 1);
    let page = AuditPage { lines: lines.into_iter().map(line).collect(), verified, older };
    state.page("audit.html", Some(&visitor), page)
}
