//! The grader folders, read once at start and checked, so that a fault in one is found before a
//! student's submission is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use testat_kit::report::{Comparison, GraderVersion};

/// `project.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// From 1; the course has seven, and more may be added.
    pub number: u32,
    /// Its name in addresses and on the command line.
    pub slug: String,
    /// Its name for people.
    pub title: String,
    /// Changes whenever a verdict could.
    pub version: String,
    /// File name of the harness program, in the folder's own `bin` or beside `testat`.
    pub harness: String,
    /// One line on what it is about.
    pub summary: String,
    /// What the subject may use.
    pub limits: ProjectLimits,
    /// What is checked, in this order.
    #[serde(rename = "check")]
    pub checks: Vec<CheckRule>,
}

/// What a subject may use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectLimits {
    /// Processor seconds of all its runs together.
    pub cpu_s: u64,
    /// Wall-clock seconds of the whole grading.
    pub wall_s: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Private files in MiB.
    pub scratch_mib: u64,
    /// Log in KiB.
    pub output_kib: u64,
    /// Seconds for one ordinary request.
    pub request_s: u64,
    /// Seconds for one training request.
    pub train_s: u64,
    /// Largest frame in MiB.
    pub frame_mib: u32,
}

impl ProjectLimits {
    /// Wall-clock time of the whole grading.
    pub fn wall(&self) -> Duration {
        Duration::from_secs(self.wall_s)
    }
    /// Processor time of all runs of the subject.
    pub fn cpu(&self) -> Duration {
        Duration::from_secs(self.cpu_s)
    }
}

/// One `[[check]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    /// Stable name.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// How the value is held against the threshold.
    pub comparison: Comparison,
    /// What is required.
    pub threshold: f64,
    /// What the value measures.
    pub unit: String,
    /// One sentence on what is checked.
    pub explanation: String,
}

/// A grader, ready to grade.
#[derive(Clone, Debug)]
pub struct Grader {
    /// What its folder says.
    pub project: Project,
    /// Its folder.
    pub folder: PathBuf,
    /// The harness, where the sandbox's users can read it.
    pub harness: PathBuf,
    /// Which version judges: the folder's, and the start of the program's own hash.
    pub version: GraderVersion,
    /// The hand-out, as Markdown.
    pub handout: String,
}

/// All graders by slug.
#[derive(Clone, Debug, Default)]
pub struct Graders(BTreeMap<String, Grader>);

/// A grader folder that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum GraderError {
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `project.toml` is not right.
    #[error("{path}: {source}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// Line, key and fault.
        source: Box<toml::de::Error>,
    },
    /// What it says does not fit together.
    #[error("{path}: {fault}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
}

pub(super) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> GraderError {
    let path = path.to_owned();
    move |source| GraderError::Io { path, source }
}

impl Graders {
    /// Reads every `<n>-<slug>` folder in `folders`; programs come from a folder's own `bin`, else
    /// from `programs`, and are copied to `shelf`, under their hash, so that a rebuild can't change a
    /// grader that is in use.
    pub fn read(folders: &[PathBuf], programs: &Path, shelf: &Path) -> Result<Self, GraderError> {
        let mut graders = Self::default();
        for folder in grader_folders(folders)? {
            graders.add(read_grader(&folder, programs, shelf)?)?;
        }
        Ok(graders)
    }

    fn add(&mut self, grader: Grader) -> Result<(), GraderError> {
        let same = self.0.values().find(|g| {
            g.project.slug == grader.project.slug || g.project.number == grader.project.number
        });
        if let Some(same) = same {
            return Err(GraderError::Wrong {
                path: grader.folder,
                fault: format!("has the slug or number of {}", same.folder.display()),
            });
        }
        self.0.insert(grader.project.slug.clone(), grader);
        Ok(())
    }

    /// The grader of a project.
    pub fn get(&self, slug: &str) -> Option<&Grader> {
        self.0.get(slug)
    }

    /// All, by number of the project.
    pub fn all(&self) -> Vec<&Grader> {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by_key(|grader| grader.project.number);
        all
    }
}

/// What all grader folders say, in the order of their numbers; needs no built harness.
pub fn projects(folders: &[PathBuf]) -> Result<Vec<Project>, GraderError> {
    Ok(projects_in(folders)?.into_iter().map(|(project, _)| project).collect())
}

/// The same, each with its folder.
pub fn projects_in(folders: &[PathBuf]) -> Result<Vec<(Project, PathBuf)>, GraderError> {
    let mut projects = Vec::new();
    for folder in grader_folders(folders)? {
        projects.push((read_project(&folder)?, folder));
    }
    projects.sort_by_key(|(project, _)| project.number);
    Ok(projects)
}

fn grader_folders(folders: &[PathBuf]) -> Result<Vec<PathBuf>, GraderError> {
    let mut found = Vec::new();
    for parent in folders {
        for entry in fs::read_dir(parent).map_err(io_at(parent))? {
            let folder = entry.map_err(io_at(parent))?.path();
            if folder.join("project.toml").is_file() {
                found.push(folder);
            }
        }
    }
    Ok(found)
}

/// Reads `project.toml` of one folder and holds it against itself.
pub fn read_project(folder: &Path) -> Result<Project, GraderError> {
    let path = folder.join("project.toml");
    let text = fs::read_to_string(&path).map_err(io_at(&path))?;
    let project: Project = toml::from_str(&text)
        .map_err(|source| GraderError::Toml { path: path.clone(), source: Box::new(source) })?;
    match fault_in(&project) {
        None => Ok(project),
        Some(fault) => Err(GraderError::Wrong { path, fault }),
    }
}

fn fault_in(project: &Project) -> Option<String> {
    let plain = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    if !plain(&project.slug) {
        return Some(format!("slug `{}` has other characters than a-z, 0-9 and -", project.slug));
    }
    if !plain(&project.harness) {
        return Some(format!("harness `{}` is not the name of a program", project.harness));
    }
    if project.checks.is_empty() {
        return Some("has no [[check]], so nothing could fail".to_owned());
    }
    let limits = &project.limits;
    let least = [limits.cpu_s, limits.wall_s, limits.memory_mib, limits.request_s, limits.train_s];
    if least.contains(&0) || limits.frame_mib == 0 || limits.frame_mib > 256 {
        return Some("a limit is zero, or frame_mib over 256".to_owned());
    }
    let mut seen = Vec::new();
    for check in &project.checks {
        if !plain(&check.id) || seen.contains(&&check.id) {
            return Some(format!(
                "check `{}` is named twice or not in a-z, 0-9, _ and -",
                check.id
            ));
        }
        if !check.threshold.is_finite() {
            return Some(format!("threshold of check `{}` is not a finite number", check.id));
        }
        seen.push(&check.id);
    }
    None
}

fn read_grader(folder: &Path, programs: &Path, shelf: &Path) -> Result<Grader, GraderError> {
    let project = read_project(folder)?;
    let handout_file = folder.join("handout.md");
    let handout = fs::read_to_string(&handout_file).map_err(io_at(&handout_file))?;
    let built = harness_of(folder, &project.harness, programs);
    let program = fs::read(&built).map_err(io_at(&built))?;
    let hash = hex::encode(Sha256::digest(&program));
    let harness = shelve(shelf, &hash, &program)?;
    let version = GraderVersion {
        slug: project.slug.clone(),
        version: format!("{}-{}", project.version, &hash[..12]),
    };
    Ok(Grader { project, folder: folder.to_owned(), harness, version, handout })
}

/// A folder from elsewhere brings its own program; those of the course are beside `testat`.
fn harness_of(folder: &Path, name: &str, programs: &Path) -> PathBuf {
    let own = folder.join("bin").join(name);
    if own.is_file() { own } else { programs.join(name) }
}

/// Puts a program on the shelf, complete or not at all: another process may do the same just now.
fn shelve(shelf: &Path, hash: &str, program: &[u8]) -> Result<PathBuf, GraderError> {
    let kept = shelf.join(hash);
    if fs::read(&kept).is_ok_and(|bytes| bytes == program) {
        return Ok(kept);
    }
    fs::create_dir_all(shelf).map_err(io_at(shelf))?;
    fs::set_permissions(shelf, fs::Permissions::from_mode(0o711)).map_err(io_at(shelf))?;
    let fresh = tempfile::NamedTempFile::new_in(shelf).map_err(io_at(shelf))?;
    fs::write(fresh.path(), program).map_err(io_at(fresh.path()))?;
    fs::set_permissions(fresh.path(), fs::Permissions::from_mode(0o555)).map_err(io_at(&kept))?;
    fresh
        .persist(&kept)
        .map_err(|fault| GraderError::Io { path: kept.clone(), source: fault.error })?;
    Ok(kept)
}
