//! Pages and API. Knows who asks and what they may see; runs no program and no check.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use testat_kit::report::Comparison;

use tokio::sync::{Semaphore, watch};
use tracing_actix_web::TracingLogger;

use crate::clock::{Clock, Millis};
use crate::course::{Language, ProjectNumber, Slug};
use crate::export::starter::Starter;
use crate::intake::archive::ArchiveLimits;
use crate::intake::blobs::Blobs;
use crate::store::Db;

mod admin;
mod api;
mod archive_download;
pub mod attempts_compared;
mod audit_log;
mod auth;
mod changes_shown;
mod chosen;
mod class;
mod copies;
mod decisions;
mod decisions_shown;
pub mod error;
mod excuses;
mod extensions;
pub mod figure;
mod files;
pub mod guard;
mod headers;
mod health;
mod instructor;
pub mod limits_shown;
mod live;
mod mail;
mod measured;
mod new_semester;
mod pace;
pub mod page;
pub mod passwords;
mod people;
mod profile;
mod project;
mod questions;
mod queue;
mod regrades;
mod report_shown;
mod reports;
mod roster;
mod routes;
mod self_attack;
mod stage;
mod standings;
mod starter;
mod statistics;
pub mod strength;
mod student;
mod submission;
mod submit;
mod sure;
pub mod timeline;
mod trace;

pub use guard::Cookies;
pub use pace::Patience;
pub use routes::{Listed, listed};
pub use self_attack::{AttackNote, SelfAttack, SelfAttackState};

/// A form of ours is a few lines of text; a roster's is given more where it is registered.
const FORM_BYTES: usize = 64 << 10;
/// Threads that answer; each has a share of the connections.
const WORKERS: usize = 2;

/// Archives that are read for pages at a time.
const READERS: usize = 2;

/// What every handler shares.
#[derive(Debug)]
pub struct State {
    /// The store.
    pub db: Db,
    /// The archives.
    pub blobs: Blobs,
    /// The time.
    pub clock: Clock,
    /// Limits of an upload.
    pub archive_limits: ArchiveLimits,
    /// The projects whose graders are installed, by number.
    pub projects: Vec<ProjectInfo>,
    /// Their starter kits.
    pub starters: Vec<Starter>,
    /// How the session's cookie is set.
    pub cookies: Cookies,
    /// Whether `X-Forwarded-For` is to be believed.
    pub trust_proxy: bool,
    /// What this host can enforce.
    pub host: Vec<HostNote>,
    /// Whether this process grades.
    pub grades_others: bool,
    /// What came of its attacks on itself.
    pub self_attack: watch::Receiver<SelfAttack>,
    /// Since when it runs.
    pub started_at: Millis,
    /// How slow a client may be.
    pub patience: Patience,
    /// The server's address for people, without a slash at its end.
    pub base_url: String,
    /// Where the data lie.
    pub data_dir: PathBuf,
    followers: live::Followers,
    standings: standings::Standings,
    measured: measured::Measured,
    pages: page::Pages,
    passwords: passwords::Passwords,
    reading: Semaphore,
}

/// What the operator decides, and what was found out at start.
#[derive(Debug)]
pub struct Setup {
    /// The store.
    pub db: Db,
    /// The archives.
    pub blobs: Blobs,
    /// Limits of an upload.
    pub archive_limits: ArchiveLimits,
    /// The projects whose graders are installed.
    pub projects: Vec<ProjectInfo>,
    /// Their starter kits.
    pub starters: Vec<Starter>,
    /// How the session's cookie is set.
    pub cookies: Cookies,
    /// Whether `X-Forwarded-For` is to be believed.
    pub trust_proxy: bool,
    /// What this host can enforce.
    pub host: Vec<HostNote>,
    /// Whether this process grades.
    pub grades_others: bool,
    /// How slow a client may be.
    pub patience: Patience,
    /// The server's address for people, without a slash at its end.
    pub base_url: String,
    /// Where the data lie.
    pub data_dir: PathBuf,
    /// What came of its attacks on itself.
    pub self_attack: watch::Receiver<SelfAttack>,
}

/// A project as its grader folder describes it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ProjectInfo {
    /// Its name in addresses.
    pub slug: Slug,
    /// Its place in the course, from 1.
    pub number: ProjectNumber,
    /// Its name for people.
    pub title: String,
    /// One line.
    pub summary: String,
    /// The hand-out, Markdown.
    pub handout: String,
    /// Which grader judges.
    pub version: String,
    /// What is checked.
    pub checks: Vec<CheckInfo>,
    /// Wall-clock seconds of a grading.
    pub wall_s: u64,
    /// Processor seconds of a submission.
    pub cpu_s: u64,
    /// Memory of a submission in MiB.
    pub memory_mib: u64,
}

/// A check as its grader folder describes it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CheckInfo {
    /// Stable name.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// How its value is held against the threshold.
    pub comparison: Comparison,
    /// What is required.
    pub threshold: f64,
    /// What its value measures.
    pub unit: String,
    /// One sentence, Markdown.
    pub explanation: String,
}

/// One thing that this host can or can't enforce.
#[derive(Clone, Debug, serde::Serialize)]
pub struct HostNote {
    /// What.
    pub name: String,
    /// Whether.
    pub ok: bool,
    /// How, or why not.
    pub detail: String,
}

/// The state as handlers get it.
pub type Shared = web::Data<State>;

impl State {
    /// Ready to serve.
    ///
    /// # Errors
    /// A template is wrong.
    pub fn new(setup: Setup) -> error::Result<Self> {
        Ok(Self {
            db: setup.db,
            blobs: setup.blobs,
            clock: Clock,
            archive_limits: setup.archive_limits,
            projects: setup.projects,
            starters: setup.starters,
            cookies: setup.cookies,
            trust_proxy: setup.trust_proxy,
            host: setup.host,
            grades_others: setup.grades_others,
            self_attack: setup.self_attack,
            started_at: Clock.now(),
            patience: setup.patience,
            base_url: setup.base_url,
            data_dir: setup.data_dir,
            followers: live::Followers::default(),
            standings: standings::Standings::default(),
            measured: measured::Measured::default(),
            pages: page::Pages::load()?,
            passwords: passwords::Passwords::new()?,
            reading: Semaphore::new(READERS),
        })
    }

    /// The installed project of this slug.
    pub fn info(&self, slug: &Slug) -> Option<&ProjectInfo> {
        self.projects.iter().find(|project| project.slug == *slug)
    }

    /// The starter kits of the project of this slug.
    pub fn starters_of(&self, slug: &Slug) -> impl Iterator<Item = &Starter> {
        self.starters.iter().filter(move |kit| kit.slug == *slug)
    }

    /// The starter kit in one language.
    pub fn starter(&self, slug: &Slug, language: Language) -> Option<&Starter> {
        self.starters_of(slug).find(|kit| kit.language == language)
    }

    /// Now.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }
}

/// Serves on a bound listener until stopped.
///
/// # Errors
/// The listener can't be used.
pub fn run(listener: TcpListener, state: State) -> io::Result<Server> {
    let patience = state.patience;
    let state = web::Data::new(state);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::FormConfig::default().limit(FORM_BYTES))
            .wrap(from_fn(pace::bodies))
            .wrap(from_fn(guard::same_origin))
            .wrap(from_fn(error::render))
            .wrap(from_fn(headers::headers))
            .wrap(from_fn(guard::head_as_get))
            .wrap(Compress::default())
            .wrap(TracingLogger::<trace::RequestSpan>::new())
            .configure(|cfg| {
                all_routes().register(cfg);
            })
    })
    .workers(WORKERS)
    .client_request_timeout(patience.head)
    .client_disconnect_timeout(patience.head)
    .keep_alive(patience.idle)
    .max_connections(patience.connections.div_ceil(WORKERS))
    .disable_signals()
    .shutdown_timeout(5)
    .listen(listener)?;
    Ok(server.run())
}

/// Forgets sessions that have ended and failed sign-ins that slow nobody any more.
///
/// # Errors
/// The store failed.
pub async fn tidy(db: &Db, now: Millis) -> Result<(), crate::store::Error> {
    crate::store::sessions::prune(db, guard::LIFETIME, now).await?;
    crate::store::throttle::prune(db, now - auth::WINDOW_MS).await?;
    Ok(())
}

/// All that is served: the only place that makes the list.
fn all_routes() -> routes::Routes {
    let mut all = routes::Routes::default();
    all.get("/static/{name}", asset);
    for part in [
        auth::routes,
        student::routes,
        project::routes,
        starter::routes,
        submission::routes,
        files::routes,
        class::routes,
        questions::routes,
        instructor::routes,
        statistics::routes,
        copies::routes,
        decisions::routes,
        excuses::routes,
        extensions::routes,
        queue::routes,
        regrades::routes,
        admin::routes,
        audit_log::routes,
        new_semester::routes,
        people::routes,
        roster::routes,
        profile::routes,
        mail::routes,
        api::routes,
        health::routes,
    ] {
        part(&mut all);
    }
    all
}

/// Stylesheet and script, embedded.
async fn asset(name: web::Path<String>) -> error::Result<HttpResponse> {
    let file = page::Assets::get(&name).ok_or(error::Error::NotFound)?;
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => return Err(error::Error::NotFound),
    };
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("cache-control", "public, max-age=300"))
        .body(file.data.into_owned()))
}
