//! Programs of the corpus, each graded for real by the first project's grader: it fails by the
//! check and for the reason that its entry names, within its limits, leaves nothing on the host,
//! finds no secret of it, and the honest grading after it measures what one before it would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::host::{Bait, assert_clean};
use super::seen::{Seen, contained_by};
use super::{corpus, entry, names};
use crate::server::grader_folder;

/// Beside its entries each of these has a list of tests below.
pub(super) const FAMILIES: [&str; 6] =
    ["builds", "escapes", "holes", "persistence", "protocol", "resources"];

/// No attack takes longer than its limits and what a busy machine adds.
const LONGEST: Duration = Duration::from_secs(150);

/// A program, and what must be seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// In words.
    tries: String,
    /// The check that must fail.
    #[serde(default = "forward")]
    check: String,
    /// What its message must match.
    says: String,
    /// What the log must match, if anything.
    log: Option<String>,
    /// Checks that must pass all the same.
    #[serde(default)]
    passes: Vec<String>,
    /// Processor seconds of its build.
    build_cpu_s: Option<u64>,
    /// Graded once more, and the same must be seen.
    #[serde(default)]
    twice: bool,
    /// The archive.
    files: BTreeMap<String, String>,
}

fn forward() -> String {
    "forward".to_owned()
}

/// Project 1 with limits that a test can wait for.
fn impatient_graders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("1-backprop");
    std::fs::create_dir(&project).unwrap();
    let text = std::fs::read_to_string(grader_folder().join("project.toml")).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    let limits = table["limits"].as_table_mut().unwrap();
    let impatient = [
        ("cpu_s", 6),
        ("wall_s", 12),
        ("memory_mib", 256),
        ("scratch_mib", 32),
        ("request_s", 4),
        ("train_s", 4),
    ];
    for (key, value) in impatient {
        limits.insert(key.to_owned(), toml::Value::Integer(value));
    }
    std::fs::write(project.join("project.toml"), table.to_string()).unwrap();
    std::fs::copy(grader_folder().join("handout.md"), project.join("handout.md")).unwrap();
    folder
}

struct Graded {
    code: i32,
    /// All that the grading said, to whomever.
    said: String,
    report: Value,
}

impl Graded {
    fn check(&self, id: &str) -> &Value {
        let checks = self.report["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["id"] == id)
            .unwrap_or_else(|| panic!("{id}: {:#}", self.report))
    }
}

fn grade(graders: &Path, bait: &Bait, solution: &Path, build_cpu_s: Option<u64>) -> Graded {
    let child = Command::new(env!("CARGO_BIN_EXE_testat"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("TESTAT_GRADERS", graders)
        .env("TESTAT_BOX_DIR", bait.boxes())
        .env("TESTAT_BUILD_CPU_S", build_cpu_s.unwrap_or(60).to_string())
        .env("ATTACKED_SECRET", &bait.secret)
        .args(["grade", "backprop", "--seed", "7", "--json"])
        .arg(solution)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let code = output.status.code().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&said)
        .unwrap_or_else(|fault| panic!("{fault}: exit {code}, {errors}"));
    assert_clean(pid);
    assert_eq!(bait.left(), Vec::<PathBuf>::new());
    Graded { code, report, said: format!("{said}{errors}") }
}

/// The entry's files in a folder, with what the hostile programs share.
fn unpacked(entry: &Entry, bait: &Bait) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &entry.files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bait.named_in(text)).unwrap();
        if text.contains("import hostile") {
            std::fs::copy(corpus().join("hostile.py"), folder.path().join("hostile.py")).unwrap();
        }
    }
    folder
}

fn is_contained(family: &str, name: &str) {
    let entry: Entry = entry(family, name);
    let bait = Bait::new();
    let graders = impatient_graders();
    let folder = unpacked(&entry, &bait);
    let before = baseline();
    let mut reason = String::new();
    for _ in 0..if entry.twice { 2 } else { 1 } {
        let begun = Instant::now();
        let graded = grade(graders.path(), &bait, folder.path(), entry.build_cpu_s);
        assert!(begun.elapsed() < LONGEST, "took {:?}", begun.elapsed());
        reason = judge(&entry, &bait, &graded);
    }
    assert_eq!(honest(&bait), before, "the next honest grading measures something else");
    let by = contained_by(&reason);
    Seen { family, name, tries: &entry.tries, by, verdict: "failed", reason: &reason }.tell();
}

/// What the failed check says, which is what must be seen.
fn judge(entry: &Entry, bait: &Bait, graded: &Graded) -> String {
    assert_eq!(graded.code, 1, "{:#}", graded.report);
    assert_eq!(graded.report["verdict"], "failed");
    assert!(!graded.said.contains(&bait.secret), "a secret of the host was found");
    assert!(!graded.said.contains("GOT THROUGH"), "{:#}", graded.report["checks"]);
    for id in &entry.passes {
        assert_eq!(graded.check(id)["passed"], true, "{:#}", graded.report);
    }
    let check = graded.check(&entry.check);
    assert_eq!(check["passed"], false, "{:#}", graded.report);
    let message = check["message"].as_str().unwrap();
    let says = Regex::new(&entry.says).unwrap();
    let log = graded.report["log"].as_str().unwrap();
    assert!(says.is_match(message), "`{message}` does not say `{says}`; the log: {log}");
    if let Some(words) = &entry.log {
        assert!(Regex::new(words).unwrap().is_match(log), "the log does not say `{words}`: {log}");
    }
    message.to_owned()
}

/// The checks of a right program, but for learning, which takes long.
fn honest(bait: &Bait) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(grader_folder().join("reference/python/solution.py"));
    let text = text.unwrap();
    let (without_learning, _) = text.split_once("def train").unwrap();
    std::fs::write(folder.path().join("solution.py"), without_learning).unwrap();
    let graded = grade(grader_folder().parent().unwrap(), bait, folder.path(), None);
    for id in ["start", "forward", "loss", "grads", "sgd"] {
        assert_eq!(graded.check(id)["passed"], true, "{:#}", graded.report);
    }
    graded.report["checks"].clone()
}

/// The same before any attack, measured once in a run of the tests.
fn baseline() -> Value {
    static MEASURED: OnceLock<Value> = OnceLock::new();
    // Nextest has a process for each test: the run's number makes them share.
    let Some(run) = std::env::var_os("NEXTEST_RUN_ID") else {
        return MEASURED.get_or_init(|| honest(&Bait::new())).clone();
    };
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("honest-{}", run.display()));
    if let Ok(text) = std::fs::read_to_string(&path) {
        return serde_json::from_str(&text).unwrap();
    }
    let checks = honest(&Bait::new());
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    std::io::Write::write_all(&mut file, checks.to_string().as_bytes()).unwrap();
    file.persist(&path).unwrap();
    checks
}

macro_rules! family {
    ($family:ident: $($name:ident),+ $(,)?) => {
        mod $family {
            $(#[test] fn $name() { super::is_contained(stringify!($family), stringify!($name)); })+

            #[test]
            fn every_entry_has_its_test() {
                let mut tested = vec![$(stringify!($name)),+];
                tested.sort();
                assert_eq!(super::names(stringify!($family)), tested);
            }
        }
    };
}

family!(escapes:
    administers_the_host,
    becomes_root,
    calls_the_kernel_at_its_edges,
    changes_its_root,
    makes_device_nodes,
    makes_namespaces,
    mounts,
    opens_sockets,
    reaches_unix_sockets,
    reads_proc,
    reads_the_host,
    rewrites_the_first_process,
    shares_memory_the_old_way,
    signals_others,
    traces_other_processes,
    watches_its_twin,
    writes_proc_and_sys,
    writes_the_system,
);

family!(holes:
    answers_nan,
    compiles_while_imported,
    follows_planted_links,
    inherits_a_descriptor,
    kills_all_it_can,
    looks_for_expected_values,
    looks_for_the_model_solution,
    makes_all_things_equal,
    plants_a_marker,
    raises_nothing,
    returns_nothing,
    rewrites_the_loader,
    writes_the_verdict,
);

family!(persistence:
    keeps_a_user_site,
    keeps_bytecode,
    keeps_caches,
    keeps_shared_memory,
    keeps_temporary_files,
    leaves_a_daemon,
    remembers_between_processes,
);

family!(protocol:
    a_reply_before_the_request,
    an_exception_that_lies,
    another_id,
    backward_offsets,
    denormals,
    drips,
    empty_frame,
    endless_metadata,
    half_a_reply,
    half_a_reply_and_an_end,
    header_beyond_all_bounds,
    header_beyond_the_frame,
    header_of_nested_lists,
    header_that_is_no_json,
    hidden_bytes,
    infinities,
    many_tensors,
    metadata_of_numbers,
    negative_shape,
    no_id,
    overflowing_offsets,
    overflowing_shape,
    overlapping_offsets,
    replies_without_end,
    two_replies,
    unknown_dtype,
    wrong_shape,
    wrong_type,
);

family!(resources:
    allocates,
    announces_4_gib,
    answers_without_end,
    closes_its_pipes,
    crashes,
    fills_the_disk,
    floods,
    floods_standard_error,
    forks,
    grows_an_integer,
    hangs_when_it_ends,
    hides_memory_in_files,
    loops,
    makes_files_without_end,
    opens_descriptors,
    sleeps,
    starts_threads,
    uses_many_processors,
    writes_one_huge_file,
);

family!(builds:
    another_toolchain,
    brings_a_built_program,
    build_script_looks_around,
    calls_the_harnesss_own_solution,
    compiles_to_a_gigabyte,
    dependency_by_git,
    dependency_from_elsewhere,
    includes_the_host,
    includes_the_shadow_file,
    leaves_things_for_the_next_build,
    links_in_place_of_the_program,
    never_compiles,
    patched_dependency,
    path_out_of_the_tree,
    prints_without_end,
    procedural_macro_looks_around,
    settings_of_cargo,
    settings_of_the_profile,
);
