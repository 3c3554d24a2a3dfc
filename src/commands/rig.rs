//! Sandbox and runtime, opened for a command that grades.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::config::{self, Config};
use crate::grading::session::Rig;
use crate::runtime::Runtime;
use crate::sandbox::{Sandbox, Settings};

/// Whose programs are graded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One's own, at home.
    Own,
    /// Other people's: every limit must hold, unless the operator says otherwise.
    Others,
}

/// The folder with `graders` and `Cargo.lock`, from which the runtime is made.
pub fn source() -> PathBuf {
    config::share()
}

/// Opens both, or says what is missing and which command mends it.
pub async fn open(config: &Config, whose: Whose) -> anyhow::Result<Rig> {
    let runtime = Runtime::find(&config.runtime_dir, &source()).await?;
    let allow_weak = whose == Whose::Own || config.allow_weak_limits;
    let settings = Settings { allow_weak, ..Settings::new(runtime.root().to_owned()) };
    let sandbox = Sandbox::probe(&settings).await.context("probing the sandbox")?;
    if !sandbox.is_strong() && !allow_weak {
        bail!(
            "this host can't enforce every limit (`testat doctor` says which), so it does not grade other people's \
             programs; allow_weak_limits = true overrides that"
        );
    }
    make_box_dir(config)?;
    Ok(Rig {
        sandbox,
        runtime,
        box_dir: config.box_dir.clone(),
        archive_limits: Default::default(),
    })
}

/// The folder of unpacked submissions, which the sandbox's users may enter but not list.
pub fn make_box_dir(config: &Config) -> anyhow::Result<()> {
    let place = || config.box_dir.display().to_string();
    fs::create_dir_all(&config.box_dir).with_context(place)?;
    fs::set_permissions(&config.box_dir, fs::Permissions::from_mode(0o711)).with_context(place)
}
