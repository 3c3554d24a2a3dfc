//! What an operator can set: `testat.toml`, then `TESTAT_*` variables over it. A wrong value is
//! named with its place, and an unknown key is refused rather than ignored.

use std::ffi::OsString;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use crate::course::Email;
use crate::runtime::Runtime;

mod mail;

use mail::SmtpUrl;

/// Everything that can be set, each value checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address the pages and the API listen on.
    pub listen: SocketAddr,
    /// Folder of the database, the blobs and the server's key.
    pub data_dir: PathBuf,
    /// SQLite file or PostgreSQL server.
    pub database_url: Secret,
    /// Where archives are kept: a directory (`file://`) or, with the feature `s3`, a bucket.
    pub blobs_url: Url,
    /// Gradings at once in this process.
    pub workers: usize,
    /// Folder of the subjects' runtimes; the sandbox's users must be able to enter it.
    pub runtime_dir: PathBuf,
    /// Folder of unpacked submissions while they are graded; likewise.
    pub box_dir: PathBuf,
    /// Folders that hold grader folders.
    pub graders: Vec<PathBuf>,
    /// Folder of the harness programs.
    pub harness_dir: PathBuf,
    /// Processor time of a build in Rust.
    pub build_cpu: Duration,
    /// A folder of attack programs beside those that the server brings along.
    pub self_attacks: Option<PathBuf>,
    /// Grade other people's programs although the host can't enforce every limit.
    pub allow_weak_limits: bool,
    /// How people reach the server, if not at `listen` itself (behind a proxy).
    pub public_url: Option<Url>,
    /// SMTP server that letters go through; without one they are written into the data folder.
    pub smtp_url: Option<Secret>,
    /// What letters come from.
    pub mail_from: Email,
    /// Whether requests come through a proxy whose `X-Forwarded-For` is to be believed.
    pub trust_proxy: bool,
    /// Log lines as JSON rather than as text.
    pub log_json: bool,
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// A setting that can't be used, with its place.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not what it should be; the text names line and key.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Line, key and fault.
        source: Box<toml::de::Error>,
    },
    /// A value is wrong.
    #[error("{place}: `{value}` {fault}")]
    Value {
        /// File and key, or variable.
        place: String,
        /// What stood there.
        value: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A value is needed beside another.
    #[error("{key} is not set: {why}")]
    Missing {
        /// Which key.
        key: &'static str,
        /// What needs it.
        why: &'static str,
    },
    /// A variable that no setting has.
    #[error("{name}: no such setting; the settings are {known}")]
    UnknownVariable {
        /// Its name.
        name: String,
        /// All names.
        known: String,
    },
}

/// `testat.toml`; every key is text or a plain value, checked afterwards in one place with the variables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    data_dir: Option<String>,
    database_url: Option<String>,
    blobs_url: Option<String>,
    workers: Option<usize>,
    runtime_dir: Option<String>,
    box_dir: Option<String>,
    graders: Option<Vec<String>>,
    harness_dir: Option<String>,
    build_cpu_s: Option<u64>,
    self_attacks: Option<String>,
    allow_weak_limits: Option<bool>,
    public_url: Option<String>,
    smtp_url: Option<String>,
    mail_from: Option<String>,
    trust_proxy: Option<bool>,
    log_json: Option<bool>,
}

const KEYS: [&str; 17] = [
    "listen",
    "data_dir",
    "database_url",
    "blobs_url",
    "workers",
    "runtime_dir",
    "box_dir",
    "graders",
    "harness_dir",
    "build_cpu_s",
    "self_attacks",
    "allow_weak_limits",
    "public_url",
    "smtp_url",
    "mail_from",
    "trust_proxy",
    "log_json",
];

/// Values that may hold a password.
const SECRET: [&str; 2] = ["database_url", "smtp_url"];

/// Variables with these names or beginnings are not settings of the server.
const NOT_SETTINGS: [&str; 2] = ["TESTAT_CONFIG", "TESTAT_TEST_"];

/// Values by key, each with the place it came from; variables lie over the file.
struct Sources {
    file: PathBuf,
    values: Vec<(&'static str, String, String)>,
}

impl Sources {
    fn read(
        file: &Path,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let parsed = match std::fs::read_to_string(file) {
            Ok(text) => toml::from_str(&text).map_err(|source| ConfigError::File {
                file: file.to_owned(),
                source: Box::new(source),
            })?,
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => File::default(),
            Err(source) => return Err(ConfigError::Unreadable { file: file.to_owned(), source }),
        };
        let mut sources = Self { file: file.to_owned(), values: Vec::new() };
        sources.add_file(parsed);
        for (name, value) in variables {
            sources.add_variable(&name, value)?;
        }
        Ok(sources)
    }

    fn add_file(&mut self, file: File) {
        let joined = file.graders.map(|folders| folders.join(":"));
        let texts = [
            ("listen", file.listen),
            ("data_dir", file.data_dir),
            ("database_url", file.database_url),
            ("blobs_url", file.blobs_url),
            ("workers", file.workers.map(|n| n.to_string())),
            ("runtime_dir", file.runtime_dir),
            ("box_dir", file.box_dir),
            ("graders", joined),
            ("harness_dir", file.harness_dir),
            ("build_cpu_s", file.build_cpu_s.map(|n| n.to_string())),
            ("self_attacks", file.self_attacks),
            ("allow_weak_limits", file.allow_weak_limits.map(|b| b.to_string())),
            ("public_url", file.public_url),
            ("smtp_url", file.smtp_url),
            ("mail_from", file.mail_from),
            ("trust_proxy", file.trust_proxy.map(|b| b.to_string())),
            ("log_json", file.log_json.map(|b| b.to_string())),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                self.values.push((key, value, format!("{}: {key}", self.file.display())));
            }
        }
    }

    fn add_variable(&mut self, name: &str, value: String) -> Result<(), ConfigError> {
        let Some(short) = name.strip_prefix("TESTAT_") else { return Ok(()) };
        if NOT_SETTINGS.iter().any(|other| name.starts_with(other)) {
            return Ok(());
        }
        let short = short.to_ascii_lowercase();
        let Some(key) = KEYS.into_iter().find(|key| *key == short) else {
            let known = KEYS.map(|key| format!("TESTAT_{}", key.to_ascii_uppercase())).join(", ");
            return Err(ConfigError::UnknownVariable { name: name.to_owned(), known });
        };
        self.values.push((key, value, name.to_owned()));
        Ok(())
    }

    /// The last value given for `key`, parsed; an empty one counts as not given.
    fn get<T: FromStr>(&self, key: &str) -> Result<Option<T>, ConfigError>
    where
        T::Err: Display,
    {
        let Some((_, value, place)) = self.values.iter().rfind(|(name, ..)| *name == key) else {
            return Ok(None);
        };
        if value.is_empty() {
            return Ok(None);
        }
        value.parse().map(Some).map_err(|fault: T::Err| ConfigError::Value {
            place: place.clone(),
            value: if SECRET.contains(&key) { "(secret)".to_owned() } else { value.clone() },
            fault: format!("can't be used: {fault}"),
        })
    }
}

impl Config {
    /// Reads the file (`TESTAT_CONFIG`, or `testat.toml` in the working directory) and the variables.
    pub fn load() -> Result<Self, ConfigError> {
        let file =
            std::env::var_os("TESTAT_CONFIG").map_or_else(|| "testat.toml".into(), PathBuf::from);
        let readable = |(name, value): (OsString, OsString)| {
            name.into_string().ok().map(|name| (name, value.to_string_lossy().into_owned()))
        };
        Self::from(&file, std::env::vars_os().filter_map(readable))
    }

    /// The same from given sources.
    pub fn from(
        file: &Path,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let sources = Sources::read(file, variables)?;
        let data_dir: PathBuf = sources.get("data_dir")?.unwrap_or_else(|| "data".into());
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        let database = match sources.get::<DatabaseUrl>("database_url")? {
            Some(url) => url.0,
            None => format!("sqlite://{}", data_dir.join("testat.db").display()),
        };
        let workers = sources.get::<Workers>("workers")?.map_or_else(default_workers, |w| w.0);
        let graders = sources
            .get::<String>("graders")?
            .unwrap_or_else(|| share().join("graders").to_string_lossy().into_owned());
        let smtp_url = sources.get::<SmtpUrl>("smtp_url")?.map(|url| Secret(url.into()));
        Ok(Self {
            listen: sources.get("listen")?.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            database_url: Secret(database),
            blobs_url: match sources.get("blobs_url")? {
                Some(url) => url,
                None => directory_url(&data_dir.join("blobs"))?,
            },
            workers,
            runtime_dir: sources.get("runtime_dir")?.unwrap_or_else(|| cache_dir("runtime")),
            box_dir: sources.get("box_dir")?.unwrap_or_else(default_box_dir),
            graders: graders
                .split(':')
                .filter(|part| !part.is_empty())
                .map(PathBuf::from)
                .collect(),
            harness_dir: sources.get("harness_dir")?.unwrap_or_else(beside_program),
            build_cpu: sources
                .get::<BuildTime>("build_cpu_s")?
                .map_or(Runtime::BUILD_CPU, |time| time.0),
            self_attacks: sources.get("self_attacks")?,
            allow_weak_limits: sources.get("allow_weak_limits")?.unwrap_or(false),
            public_url: sources.get("public_url")?,
            mail_from: mail::sender(&sources, smtp_url.is_some())?,
            smtp_url,
            trust_proxy: sources.get("trust_proxy")?.unwrap_or(false),
            log_json: sources.get("log_json")?.unwrap_or(false),
            data_dir,
        })
    }

    /// The server's address for people, without a slash at its end; `listening` is where it is reached if
    /// no other was set.
    pub fn base_url(&self, listening: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{listening}"),
        }
    }

    /// Whether browsers reach the server over loopback alone, so that cookies need no TLS.
    pub fn on_loopback(&self) -> bool {
        self.public_url.is_none() && self.listen.ip().is_loopback()
    }
}

struct DatabaseUrl(String);

impl FromStr for DatabaseUrl {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if known.iter().any(|scheme| text.starts_with(scheme)) {
            Ok(Self(text.to_owned()))
        } else {
            Err("it must begin with sqlite: or postgres://")
        }
    }
}

struct Workers(usize);

impl FromStr for Workers {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(n) if n <= 64 => Ok(Self(n)),
            Ok(_) => Err("at most 64".to_owned()),
            Err(fault) => Err(format!("a whole number from 0 to 64 is wanted ({fault})")),
        }
    }
}

struct BuildTime(Duration);

impl FromStr for BuildTime {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(seconds) if (1..=3600).contains(&seconds) => Ok(Self(Duration::from_secs(seconds))),
            Ok(_) => Err("from 1 to 3600".to_owned()),
            Err(fault) => Err(format!("whole seconds from 1 to 3600 are wanted ({fault})")),
        }
    }
}

/// One grading keeps one core busy; one core is left for the pages.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

fn beside_program() -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|program| program.parent().map(Path::to_owned))
        .unwrap_or_else(|| ".".into())
}

/// The folder that holds `graders` and `Cargo.lock`: `../share/testat` beside an installed program,
/// or the working directory.
pub fn share() -> PathBuf {
    let installed = beside_program().join("../share/testat");
    if installed.is_dir() { installed } else { PathBuf::from(".") }
}

/// Must be enterable by the sandbox's users, so not below a root's home.
fn cache_dir(name: &str) -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return Path::new("/var/cache/testat").join(name);
    }
    match std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(cache) => cache.join("testat").join(name),
        None => match std::env::var_os("HOME") {
            Some(home) => Path::new(&home).join(".cache/testat").join(name),
            None => std::env::temp_dir().join("testat-cache").join(name),
        },
    }
}

fn default_box_dir() -> PathBuf {
    cache_dir("boxes")
}

fn directory_url(path: &Path) -> Result<Url, ConfigError> {
    Url::from_directory_path(path).map_err(|()| ConfigError::Value {
        place: "data_dir".to_owned(),
        value: path.display().to_string(),
        fault: "is not an absolute path".to_owned(),
    })
}
