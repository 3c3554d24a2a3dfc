//! The middle layer: the host's Rust toolchain, of it only what compiles for this machine.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Error;
use super::layer::{Key, Unfinished, copy, copy_file, files, reading};
use super::packages::{self, Package};
use crate::sandbox::tool::Tool;

/// Change with the steps below.
const VERSION: u32 = 2;

/// The Rust of this host.
#[derive(Debug)]
pub(super) struct Toolchain {
    /// What `rustc -vV` says.
    about: String,
}

impl Toolchain {
    /// Asks the host's `rustc` what it is.
    pub(super) async fn of_host() -> Result<Self, Error> {
        Ok(Self { about: Tool::new("rustc").arg("-vV").run().await? })
    }

    /// What the layer is made of.
    pub(super) fn key(&self) -> Key {
        let mut key = Key::new("rust", VERSION);
        key.add("rustc", self.about.as_bytes());
        key
    }

    fn program(&self, layer: &Path, name: &str) -> Result<Package, Error> {
        let path = layer.join("bin").join(name);
        let bytes = fs::read(&path).map_err(reading(&path))?;
        let release = self.about.lines().find_map(|line| line.strip_prefix("release: "));
        Ok(Package {
            kind: "rust",
            name: name.to_owned(),
            version: release.unwrap_or("unknown").to_owned(),
            sha256: hex::encode(Sha256::digest(&bytes)),
        })
    }

    /// Copies compiler and standard library; no sources, documentation or other tools.
    pub(super) async fn build(&self, layer: Unfinished) -> Result<PathBuf, Error> {
        let machine = self.about.lines().find_map(|line| line.strip_prefix("host: "));
        let machine = machine.ok_or_else(|| Error::Build("rustc -vV names no host".to_owned()))?;
        let sysroot = Tool::new("rustc").args(["--print", "sysroot"]).run().await?;
        let sysroot = PathBuf::from(sysroot.trim());
        let rust = layer.path.clone();
        let machine = Path::new("lib/rustlib").join(machine);
        let copied = tokio::task::spawn_blocking(move || copy_parts(&sysroot, &rust, &machine));
        copied.await.map_err(|e| Error::Build(format!("copying the Rust toolchain: {e}")))??;
        let programs = ["cargo", "rustc"].map(|name| self.program(&layer.path, name));
        packages::record(&layer.path, &programs.into_iter().collect::<Result<Vec<_>, _>>()?)?;
        layer.finish()
    }
}

fn copy_parts(sysroot: &Path, to: &Path, machine: &Path) -> Result<(), Error> {
    for program in ["bin/cargo", "bin/rustc"] {
        copy_file(&sysroot.join(program), &to.join(program))?;
    }
    for library in files(&sysroot.join("lib"))? {
        if let Some(name) = library.file_name() {
            copy_file(&library, &to.join("lib").join(name))?;
        }
    }
    copy(&sysroot.join(machine).join("lib"), &to.join(machine).join("lib"))?;
    // The linker that comes with the compiler.
    let linker = machine.join("bin");
    if sysroot.join(&linker).is_dir() {
        copy(&sysroot.join(&linker), &to.join(&linker))?;
    }
    Ok(())
}
