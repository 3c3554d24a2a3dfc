//! `testat serve`: pages, API and workers; `testat worker`: workers alone.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::copies::job::{self, Desk};
use crate::course::ProjectNumber;
use crate::grading::graders::{Grader, Graders};
use crate::grading::seed::ServerKey;
use crate::grading::worker::{Worker, Workshop};
use crate::intake::archive::ArchiveLimits;
use crate::intake::blobs::Blobs;
use crate::mail::Post;
use crate::store::audit::{self, Entry};
use crate::store::{Db, outbox, reminders, submissions};
use crate::web::{self, CheckInfo, Cookies, HostNote, ProjectInfo, Setup, State};

use super::self_attack::{self, Watched};
use super::{open_store, rig, starter};

/// For the letter that is being sent when the server is stopped.
const LAST_LETTER: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT, then lets what runs come to its end.
pub async fn serve(config: &Config) -> anyhow::Result<()> {
    start_log(config);
    let db = open_store(config).await?;
    let blobs = open_blobs(config)?;
    let graders = read_graders(config)?;
    let projects = graders.all().into_iter().map(describe).collect::<anyhow::Result<_>>()?;
    let (stop, stopped) = watch::channel(false);
    let mut host = Vec::new();
    let mut workers = JoinSet::new();
    let mut watched = None;
    if config.workers > 0 {
        let shop = workshop(config, graders).await?;
        host = notes(&shop);
        match rig::may_grade_others(config, &shop.rig) {
            Ok(()) => {
                let own = self_attack::watch(config, &shop, &mut workers, &stopped)?;
                start_workers(config, &shop, &mut workers, &stopped, &own);
                watched = Some(own.told);
            }
            Err(why) => tracing::error!("Pages are served, nothing is graded: {why}"),
        }
    }
    let grades_others = watched.is_some();
    let mut following = JoinSet::new();
    let self_attack = match watched {
        Some(own) => own,
        None => self_attack::follow(&db, &mut following).await?,
    };
    let listener = TcpListener::bind(config.listen)
        .with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr().context("asking for the address")?;
    let starters = starter::all(config).context("making the starter kits")?;
    let desk =
        Desk { db: db.clone(), blobs: blobs.clone(), clock: Clock, starters: starters.clone() };
    let setup = Setup {
        db: db.clone(),
        blobs: blobs.clone(),
        archive_limits: ArchiveLimits::default(),
        projects,
        starters,
        cookies: if config.on_loopback() { Cookies::Loopback } else { Cookies::Secure },
        trust_proxy: config.trust_proxy,
        host,
        grades_others,
        patience: web::Patience::default(),
        base_url: config.base_url(address),
        data_dir: config.data_dir.clone(),
        self_attack,
    };
    let post = open_post(config, &config.base_url(address))?;
    let details = json!({ "testat": env!("CARGO_PKG_VERSION"), "workers": config.workers });
    note_start(&db, "server.start", address.to_string(), details).await?;
    let state =
        State::new(setup).map_err(|fault| anyhow::anyhow!("reading the templates: {fault}"))?;
    let server = web::run(listener, state).context("starting the server")?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let searching = tokio::spawn(job::run(desk, stopped.clone()));
    let tidying = tokio::spawn(tidy_hourly(db.clone(), blobs.clone()));
    let mut sending = tokio::spawn(post.run(db.clone(), Clock, stopped));
    println!("Testat is at http://{address}");
    wait_for_stop().await?;
    tracing::info!("Stopping: nothing new is claimed");
    let _ = stop.send(true);
    while workers.join_next().await.is_some() {}
    searching.await.context("the task that searches for copies")?;
    tidying.abort();
    following.shutdown().await;
    if tokio::time::timeout(LAST_LETTER, &mut sending).await.is_err() {
        // Its lease runs out, and the next server sends it.
        sending.abort();
    }
    handle.stop(true).await;
    serving.await.context("the server's task")?.context("serving")?;
    db.close().await;
    Ok(())
}

/// Works until SIGTERM or SIGINT.
pub async fn work(config: &Config) -> anyhow::Result<()> {
    start_log(config);
    let (stop, stopped) = watch::channel(false);
    let shop = workshop(config, read_graders(config)?).await?;
    rig::may_grade_others(config, &shop.rig)?;
    let details = json!({ "testat": env!("CARGO_PKG_VERSION"), "workers": config.workers });
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    note_start(&shop.db, "worker.start", host, details).await?;
    let mut workers = JoinSet::new();
    let watched = self_attack::watch(config, &shop, &mut workers, &stopped)?;
    start_workers(config, &shop, &mut workers, &stopped, &watched);
    wait_for_stop().await?;
    let _ = stop.send(true);
    while workers.join_next().await.is_some() {}
    Ok(())
}

/// Who started when is in the audit log too: what happened while which program was there.
async fn note_start(
    db: &Db,
    action: &'static str,
    subject: String,
    details: Value,
) -> anyhow::Result<()> {
    let entry = Entry { at: Clock.now(), actor: None, action, subject, details };
    audit::note(db, entry).await.context("noting the start in the audit log")
}

/// What workers need; has connections of its own, which outlive those of the pages.
pub async fn workshop(config: &Config, graders: Graders) -> anyhow::Result<Arc<Workshop>> {
    Ok(Arc::new(Workshop {
        db: open_store(config).await?,
        blobs: open_blobs(config)?,
        rig: rig::open(config, config.allow_weak_limits).await?,
        graders,
        key: ServerKey::open(&config.data_dir).context("opening the server's key")?,
        clock: Clock,
    }))
}

/// The way that letters go.
pub fn open_post(config: &Config, base: &str) -> anyhow::Result<Post> {
    let from = &config.mail_from;
    let post = match &config.smtp_url {
        Some(url) => Post::by_smtp(url.reveal(), from, base),
        None => Post::to_folder(config.data_dir.join("mailbox"), from, base),
    };
    post.context("opening the post")
}

/// The archives.
pub fn open_blobs(config: &Config) -> anyhow::Result<Blobs> {
    Ok(Blobs::open(config.blobs_url.as_str(), &config.data_dir.join("incoming"))?)
}

/// The grader folders, their harnesses on the shelf.
pub fn read_graders(config: &Config) -> anyhow::Result<Graders> {
    rig::make_box_dir(config)?;
    Ok(Graders::read(&config.graders, &config.harness_dir, &config.box_dir.join("harness"))?)
}

fn start_workers(
    config: &Config,
    shop: &Arc<Workshop>,
    workers: &mut JoinSet<()>,
    stopped: &watch::Receiver<bool>,
    watched: &Watched,
) {
    for number in 0..config.workers {
        let worker = Worker::new(shop.clone(), number);
        workers.spawn(worker.run(stopped.clone(), watched.safe.clone()));
    }
}

fn notes(shop: &Workshop) -> Vec<HostNote> {
    let capabilities = shop.rig.sandbox.capabilities().iter();
    capabilities
        .map(|c| HostNote { name: c.name.to_owned(), ok: c.ok, detail: c.detail.clone() })
        .collect()
}

fn describe(grader: &Grader) -> anyhow::Result<ProjectInfo> {
    let project = &grader.project;
    let checks = project.checks.iter().map(|check| CheckInfo {
        id: check.id.clone(),
        title: check.title.clone(),
        comparison: check.comparison,
        threshold: check.threshold,
        unit: check.unit.clone(),
        explanation: check.explanation.clone(),
    });
    Ok(ProjectInfo {
        slug: project.slug.parse()?,
        number: ProjectNumber::new(i64::from(project.number)).context("a project's number")?,
        title: project.title.clone(),
        summary: project.summary.clone(),
        handout: grader.handout.clone(),
        version: grader.version.version.clone(),
        checks: checks.collect(),
        wall_s: project.limits.wall_s,
        cpu_s: project.limits.cpu_s,
        memory_mib: project.limits.memory_mib,
    })
}

async fn tidy_hourly(db: Db, blobs: Blobs) {
    let mut hour = tokio::time::interval(Duration::from_secs(3600));
    loop {
        hour.tick().await;
        if let Err(fault) = web::tidy(&db, Clock.now()).await {
            tracing::error!(%fault, "Forgetting old sessions failed");
        }
        tidy_letters(&db).await;
        match sweep_blobs(&db, &blobs).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Archives of uploads that were cut off are removed"),
            Err(fault) => tracing::error!(%fault, "Removing archives that nobody names failed"),
        }
    }
}

/// What letters said is forgotten after a semester's half.
const TEXTS_KEPT_MS: Millis = 90 * 24 * 3_600_000;

/// Writes the letters about deadlines that are near, and forgets what old letters said.
async fn tidy_letters(db: &Db) {
    let now = Clock.now();
    if let Err(fault) = reminders::remind(db, now).await {
        tracing::error!(%fault, "Telling of deadlines failed; it is tried again in an hour");
    }
    if let Err(fault) = outbox::forget_texts(db, now - TEXTS_KEPT_MS).await {
        tracing::error!(%fault, "Forgetting the texts of old letters failed");
    }
}

/// An upload names its archive seconds after it was put.
const UNNAMED: Duration = Duration::from_secs(3600);

async fn sweep_blobs(db: &Db, blobs: &Blobs) -> anyhow::Result<usize> {
    blobs.sweep(UNNAMED, async || anyhow::Ok(submissions::digests(db).await?)).await
}

async fn wait_for_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("waiting for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// To stderr, so that stdout has the address alone.
fn start_log(config: &Config) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,tracing_actix_web=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json { log.json().init() } else { log.init() }
}
