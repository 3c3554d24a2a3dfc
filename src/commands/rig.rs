//! Sandbox and runtime, opened for a command that grades.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::config::{self, Config};
use crate::grading::room;
use crate::grading::session::Rig;
use crate::runtime::Runtime;
use crate::sandbox::{Sandbox, Settings};

/// The folder with `graders` and `Cargo.lock`, from which the runtime is made.
pub fn source() -> PathBuf {
    config::share()
}

/// Opens both, or says what is missing and which command mends it. With `allow_weak` programs are
/// started although the host can't enforce every limit.
pub async fn open(config: &Config, allow_weak: bool) -> anyhow::Result<Rig> {
    let runtime = Runtime::find(&config.runtime_dir, &source()).await?;
    let settings = Settings { allow_weak, ..Settings::new(runtime.root().to_owned()) };
    let sandbox = Sandbox::probe(&settings).await.context("probing the sandbox")?;
    make_box_dir(config)?;
    room::sweep(&config.box_dir).context("sweeping the folder of unpacked submissions")?;
    Ok(Rig {
        sandbox,
        runtime,
        box_dir: config.box_dir.clone(),
        archive_limits: Default::default(),
        build_limits: Runtime::build_limits(config.build_cpu),
    })
}

/// Other people's programs are graded where every limit holds, or where the operator says so.
///
/// # Errors
/// Neither is so.
pub fn may_grade_others(config: &Config, rig: &Rig) -> anyhow::Result<()> {
    if !rig.sandbox.is_strong() && !config.allow_weak_limits {
        bail!(
            "this host can't enforce every limit (`testat doctor` says which), so it does not \
             grade other people's programs; allow_weak_limits = true overrides that"
        );
    }
    Ok(())
}

/// The folder of unpacked submissions, which the sandbox's users may enter but not list.
pub fn make_box_dir(config: &Config) -> anyhow::Result<()> {
    let place = || config.box_dir.display().to_string();
    fs::create_dir_all(&config.box_dir).with_context(place)?;
    fs::set_permissions(&config.box_dir, fs::Permissions::from_mode(0o711)).with_context(place)
}
