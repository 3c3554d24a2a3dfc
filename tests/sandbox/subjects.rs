//! Subjects as they are really built and run: the starter kits' and the references' trees.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use testat::runtime::Runtime;
use testat::sandbox::{Ending, Reason};
use testat_kit::link::Message;

use super::{Trial, limits, text};

fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("graders/1-backprop").join(path)
}

/// The built program, or how building ended.
async fn built(trial: &Trial, tree: &Path, folder: &Path) -> Result<PathBuf, Ending> {
    let path = folder.join("program");
    let file = std::fs::File::create(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let spec =
        trial.runtime.build_rust(tree, file.into(), Runtime::build_limits(Runtime::BUILD_CPU));
    let ending = trial.run(spec).await;
    if ending.reason == Reason::Exited(0) { Ok(path) } else { Err(ending) }
}

/// Writes a package of these files; `Cargo.toml` and `src/main.rs` are given where they aren't.
fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for (path, contents) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }
    folder
}

const MANIFEST: &str = "[package]\nname = \"subject\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// Asks for a greeting, as a harness does first, and closes the pipe. No answer is an empty one.
fn greet(mut to: PipeWriter, mut from: PipeReader) -> Message {
    let hello = Message::new().with_field("v", "1").with_field("op", "hello").with_field("id", "1");
    to.write_all(&hello.encode(1 << 20).unwrap()).unwrap();
    drop(to);
    let mut reply = Vec::new();
    from.read_to_end(&mut reply).unwrap();
    reply.get(4..).map_or_else(Message::new, |body| Message::decode(body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_reference_answers() {
    let trial = Trial::new().await;
    let ((stdin, to), (from, stdout)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let tree = tree("reference/python");
    let spec = trial.runtime.python_subject(&tree, stdin.into(), stdout.into(), limits());
    let mut running = trial.sandbox.start(spec).await.unwrap();
    let reply = tokio::task::spawn_blocking(move || greet(to, from)).await.unwrap();
    let ending = running.wait().await.unwrap();
    assert_eq!(ending.reason, Reason::Exited(0), "{}", text(&ending.stderr));
    assert_eq!(reply.field("id"), Some("1"), "{}", text(&ending.stderr));
    assert_eq!(reply.field("error"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_reference_builds_quickly_and_answers() {
    let trial = Trial::new().await;
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let program = built(&trial, &tree("reference/rust"), folder.path()).await;
    let program = program.unwrap_or_else(|ending| panic!("{}", text(&ending.stderr)));
    // Without its dependencies prebuilt it takes five times as long, even on an idle machine.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    let ((stdin, to), (from, stdout)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let spec = trial.runtime.rust_subject(&program, stdin.into(), stdout.into(), limits());
    let mut running = trial.sandbox.start(spec).await.unwrap();
    let reply = tokio::task::spawn_blocking(move || greet(to, from)).await.unwrap();
    assert_eq!(reply.field("id"), Some("1"));
    let ending = running.wait().await.unwrap();
    assert_eq!(ending.reason, Reason::Exited(0), "{}", text(&ending.stderr));
}

#[tokio::test]
async fn what_does_not_build_is_explained() {
    let trial = Trial::new().await;
    let main = ("src/main.rs", "fn main() {}\n");
    let regex = format!("{MANIFEST}\n[dependencies]\nregex = \"1\"\n");
    let cases = [
        (vec![main], "no Cargo.toml at the top"),
        (vec![("Cargo.toml", MANIFEST), ("src/lib.rs", "")], "it needs a src/main.rs"),
        (
            vec![("Cargo.toml", MANIFEST), ("src/bin/a.rs", main.1), ("src/bin/b.rs", main.1)],
            "2 binaries (a, b)",
        ),
        (vec![("Cargo.toml", &regex), main], "no matching package named `regex` found"),
        (vec![("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() { 1 }")], "mismatched types"),
    ];
    let out = tempfile::tempdir().unwrap();
    for (files, expected) in cases {
        let folder = package(&files);
        let ending = built(&trial, folder.path(), out.path()).await.unwrap_err();
        assert_eq!(ending.reason, Reason::Exited(1), "{}", text(&ending.stderr));
        assert!(text(&ending.stderr).contains(expected), "{}", text(&ending.stderr));
    }
}

#[tokio::test]
async fn every_crate_that_the_starter_kits_name_is_there() {
    let trial = Trial::new().await;
    let manifest = format!(
        "{MANIFEST}\n[dependencies]\nndarray = \"0.17\"\nrand = \"0.10\"\nrand_chacha = \"0.10\"\n\
         rand_distr = \"0.6\"\nsafetensors = \"0.8\"\ntestat-kit = \"0.1\"\n"
    );
    let main = "use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
fn main() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let drawn: f64 = StandardNormal.sample(&mut rng);
    let message = testat_kit::link::Message::new().with(\"x\", &ndarray::array![drawn]);
    let frame = message.encode(1 << 20).unwrap();
    assert_eq!(safetensors::SafeTensors::deserialize(&frame[4..]).unwrap().len(), 1);
}";
    let folder = package(&[("Cargo.toml", &manifest), ("src/main.rs", main)]);
    let out = tempfile::tempdir().unwrap();
    let program = built(&trial, folder.path(), out.path()).await;
    assert!(program.is_ok(), "{}", text(&program.unwrap_err().stderr));
}

#[tokio::test]
async fn a_submission_cannot_call_the_harnesss_own_solution() {
    let trial = Trial::new().await;
    let out = tempfile::tempdir().unwrap();
    for (features, main, refused) in [
        ("", "fn main() { testat_kit::network::softmax; }", "cannot find `network`"),
        ("\"harness\"", "fn main() {}", "does not have that feature"),
    ] {
        let manifest = format!(
            "{MANIFEST}\n[dependencies]\ntestat-kit = {{ version = \"0.1\", features = [{features}] }}\n"
        );
        let folder = package(&[("Cargo.toml", &manifest), ("src/main.rs", main)]);
        let ending = built(&trial, folder.path(), out.path()).await.unwrap_err();
        let said = text(&ending.stderr);
        assert!(said.contains(refused) || said.contains("could not find `network`"), "{said}");
    }
}

#[tokio::test]
async fn nothing_that_a_build_does_outlives_it() {
    let trial = Trial::new().await;
    let script = "use std::os::unix::process::CommandExt;
use std::process::Stdio;
fn main() {
    let places = [\"/tmp/planted\", \"/work/planted\", \"/work/cargo/planted\", \"/work/target/planted\"];
    assert!(places.iter().all(|place| !std::path::Path::new(place).exists()), \"an earlier build is here\");
    for place in places {
        std::fs::write(place, \"\").unwrap();
    }
    let mut daemon = std::process::Command::new(\"/bin/sh\");
    daemon.args([\"-c\", \"trap '' HUP TERM; exec sleep 31415\"]).process_group(0);
    // Else cargo waits for it to close what it was given.
    daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    daemon.spawn().unwrap();
}";
    let main = ("src/main.rs", "fn main() {}\n");
    let folder = package(&[("Cargo.toml", MANIFEST), main, ("build.rs", script)]);
    let out = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let program = built(&trial, folder.path(), out.path()).await;
        assert!(program.is_ok(), "{}", text(&program.unwrap_err().stderr));
        assert!(!running("31415"), "a process of the build is still there");
    }
    trial.assert_unaffected().await;
}

/// Whether a process of this host has that word on its command line.
fn running(word: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().any(|entry| {
        let line = std::fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|part| part == word.as_bytes())
    })
}

#[tokio::test]
async fn a_submissions_own_settings_change_neither_compiler_nor_profile() {
    let trial = Trial::new().await;
    let manifest = format!("{MANIFEST}\n[profile.release]\nlto = true\ndebug-assertions = true\n");
    let folder = package(&[
        ("Cargo.toml", &manifest),
        (".cargo/config.toml", "[build]\nrustc = \"/bin/false\"\ntarget-dir = \"/tmp/x\"\n"),
        ("rust-toolchain.toml", "[toolchain]\nchannel = \"nightly\"\n"),
        ("Cargo.lock", "not a lock file"),
        ("src/main.rs", "fn main() { assert!(!cfg!(debug_assertions)); }\n"),
    ]);
    let out = tempfile::tempdir().unwrap();
    let program = built(&trial, folder.path(), out.path()).await;
    assert!(program.is_ok(), "{}", text(&program.unwrap_err().stderr));
}

#[tokio::test]
async fn a_build_script_finds_nothing_and_ends_within_its_limits() {
    let trial = Trial::new().await;
    let script = "fn main() {
    assert!(std::fs::read(\"/etc/shadow\").is_err());
    assert!(std::fs::write(\"/opt/kit/vendor/x\", \"\").is_err());
    assert!(std::fs::write(\"/opt/testat/build\", \"\").is_err());
    assert!(std::net::TcpStream::connect(\"127.0.0.1:80\").is_err());
    loop {}
}";
    let main = ("src/main.rs", "fn main() {}\n");
    let folder = package(&[("Cargo.toml", MANIFEST), main, ("build.rs", script)]);
    let mut limits = Runtime::build_limits(Runtime::BUILD_CPU);
    limits.cpu = Duration::from_secs(6);
    let file = tempfile::tempfile().unwrap();
    let ending = trial.run(trial.runtime.build_rust(folder.path(), file.into(), limits)).await;
    assert_eq!(ending.reason, Reason::Cpu, "{}", text(&ending.stderr));
    trial.assert_unaffected().await;
}

#[tokio::test]
async fn a_program_that_is_none_is_the_students_error() {
    let trial = Trial::new().await;
    let folder = package(&[("program", "not a program")]);
    let program = folder.path().join("program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ((stdin, _to), (_from, stdout)) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let spec = trial.runtime.rust_subject(&program, stdin.into(), stdout.into(), limits());
    let ending = trial.run(spec).await;
    assert!(matches!(ending.reason, Reason::Exited(1..=127)), "{:?}", ending.reason);
}
