//! The upper layer: what graders give to subjects. The Python package, the crates that a Rust
//! subject may use, and these crates already built.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::layer::{Key, Unfinished, copy, put, reading, writing};
use super::manifest::{kit_sources, locked};
use super::packages::{self, Package};
use super::specs::{Layers, mount};
use super::{Error, Runtime};
use crate::sandbox::tool::Tool;
use crate::sandbox::{Limits, Output, Profile, Reason, Sandbox, Settings, Spec};

/// Change with the steps below.
const VERSION: u32 = 3;

/// The crate that is built ahead; it depends on all that subjects may use.
const PREBUILT: &str = include_str!("prebuilt.toml");
const BUILD: &str = include_str!("build.py");
const PREBUILD: &str = include_str!("prebuild.py");

/// Compiles the Python package where it will lie, so that no start has to.
const COMPILE: &str = "cp -r /opt/testat/python /work/python && \
    python3 -m compileall -q --invalidation-mode unchecked-hash -s /work -p /opt/testat \
    /work/python >&2 && tar -C /work --mode=a+rX -cf - python >&3";

/// Where cargo finds crates: in the kit alone.
const CARGO_CONFIG: &str = r#"[source.crates-io]
replace-with = "kit"

[source.kit]
directory = "/opt/kit/vendor"

[net]
offline = true
"#;

/// The sources of the kit, in the checkout or in an installed share.
#[derive(Debug)]
pub(super) struct Kit {
    source: PathBuf,
    /// The crate `testat-kit`, without what only harnesses need.
    kit: BTreeMap<String, Vec<u8>>,
    /// The exact version of each crate.
    lock: String,
}

impl Kit {
    /// Reads what the kit is made of.
    pub(super) fn in_source(source: &Path) -> Result<Self, Error> {
        Ok(Self { source: source.to_owned(), kit: kit_sources(source)?, lock: locked(source)? })
    }

    /// What the layer is made of, upon the two below it.
    pub(super) fn key(&self, below: &[&str]) -> Result<Key, Error> {
        let mut key = Key::new("kit", VERSION);
        for layer in below {
            key.add("upon", layer.as_bytes());
        }
        for text in [PREBUILT, BUILD, PREBUILD, COMPILE, CARGO_CONFIG, &self.lock] {
            key.add("text", text.as_bytes());
        }
        for (path, bytes) in &self.kit {
            key.add(path, bytes);
        }
        key.add_folder(&self.python())?;
        Ok(key)
    }

    fn python(&self) -> PathBuf {
        self.source.join("graders/python/testat")
    }

    /// Gathers the crates, then builds them in the sandbox.
    pub(super) async fn build(
        &self,
        layer: Unfinished,
        base: &Path,
        rust: &Path,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<PathBuf, Error> {
        progress("Fetching the crates that subjects may use");
        self.vendor(&layer.path).await?;
        put(&layer.path.join("kit/config.toml"), CARGO_CONFIG, 0o644)?;
        put(&layer.path.join("testat/build"), BUILD, 0o644)?;
        put(&layer.path.join("testat/prebuild"), PREBUILD, 0o644)?;
        copy(&self.python(), &layer.path.join("testat/python/testat"))?;

        let mut settings = Settings::new(base.to_owned());
        settings.allow_weak = true;
        let sandbox = Sandbox::probe(&settings).await?;
        let layers =
            Layers { base: base.to_owned(), rust: rust.to_owned(), kit: layer.path.clone() };
        progress("Compiling the Python package");
        let python = layer.path.join("python.tar");
        let argv = ["/bin/sh", "-c", COMPILE];
        run(&sandbox, &layers, &argv, Vec::new(), File::create(&python).map_err(writing(&python))?)
            .await?;
        let unpacked = layer.path.join("testat");
        fs::remove_dir_all(unpacked.join("python")).map_err(writing(&unpacked))?;
        let packed = File::open(&python).map_err(reading(&python))?;
        tar::Archive::new(packed).unpack(&unpacked).map_err(writing(&unpacked))?;
        fs::remove_file(&python).map_err(writing(&python))?;

        progress("Building the crates that subjects may use");
        let subject = layer.path.join("prebuilt");
        put(&subject.join("Cargo.toml"), PREBUILT, 0o644)?;
        put(&subject.join("src/main.rs"), "fn main() {}\n", 0o644)?;
        let target = layer.path.join("target.tar");
        let argv = ["/usr/bin/python3", "-I", "/opt/testat/prebuild"];
        let mounts = vec![mount(&subject, "/submission")];
        run(&sandbox, &layers, &argv, mounts, File::create(&target).map_err(writing(&target))?)
            .await?;
        let place = layer.path.join("kit/target.tar");
        fs::rename(&target, &place).map_err(writing(&place))?;
        fs::remove_dir_all(&subject).map_err(writing(&subject))?;
        layer.finish()
    }

    /// All crates at their locked versions, the kit among them as if it came from the registry.
    async fn vendor(&self, layer: &Path) -> Result<(), Error> {
        let work = layer.join("vendoring");
        let patched = format!("{PREBUILT}\n[patch.crates-io]\ntestat-kit = {{ path = \"kit\" }}\n");
        put(&work.join("Cargo.toml"), patched, 0o644)?;
        put(&work.join("Cargo.lock"), &self.lock, 0o644)?;
        put(&work.join("src/main.rs"), "fn main() {}\n", 0o644)?;
        for (path, bytes) in &self.kit {
            put(&work.join("kit").join(path), bytes, 0o644)?;
        }
        let vendor = layer.join("kit/vendor");
        Tool::new("cargo")
            .args(["vendor", "--quiet", "--versioned-dirs"])
            .arg(&vendor)
            .within(&work)
            .run()
            .await?;
        packages::record(layer, &crates(&self.lock)?)?;
        let kit = vendor.join("testat-kit");
        fs::rename(work.join("kit"), &kit).map_err(writing(&kit))?;
        // Cargo wants one; an empty list of files checks none.
        put(&kit.join(".cargo-checksum.json"), r#"{"files":{}}"#, 0o644)?;
        fs::remove_dir_all(&work).map_err(writing(&work))
    }
}

/// The crates of a lock file that come from a registry, which knows their hashes.
fn crates(lock: &str) -> Result<Vec<Package>, Error> {
    #[derive(serde::Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(serde::Deserialize)]
    struct Locked {
        name: String,
        version: String,
        checksum: Option<String>,
    }
    let lock: Lock = toml::from_str(lock).map_err(|e| Error::Build(format!("Cargo.lock: {e}")))?;
    let package = |Locked { name, version, checksum }| {
        checksum.map(|sha256| Package { kind: "crate", name, version, sha256 })
    };
    Ok(lock.package.into_iter().filter_map(package).collect())
}

/// Runs one of our own steps in the sandbox; what it writes to descriptor 3 goes to `out`.
async fn run(
    sandbox: &Sandbox,
    layers: &Layers,
    argv: &[&str],
    mut mounts: Vec<crate::sandbox::Mount>,
    out: File,
) -> Result<(), Error> {
    mounts.extend(layers.for_building());
    // Our own work, and on a busy machine: only a hang is to be ended.
    let limits =
        Limits { wall: Duration::from_secs(1800), ..Runtime::build_limits(Runtime::BUILD_CPU) };
    let spec = Spec {
        profile: Profile::Build,
        argv: argv.iter().map(Into::into).collect(),
        env: Vec::new(),
        mounts,
        cwd: "/work".into(),
        stdin: None,
        stdout: Output::Captured,
        control: Some(OwnedFd::from(out)),
        limits,
    };
    let ending = sandbox.start(spec).await?.wait().await?;
    if ending.reason == Reason::Exited(0) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ending.stderr);
    let words = ending.reason.in_words(&limits);
    Err(Error::Build(format!("{}: {words}\n{said}", argv.join(" "))))
}
