//! The system that subjects see, in three layers: Debian with Python and numpy, the Rust
//! toolchain, and the kit with the crates that subjects may use, already built.
//!
//! Each layer is named by the hash of what it is made of, so a changed kit builds only the kit
//! anew; each is filled in a folder of another name and renamed once complete, so a killed build
//! leaves nothing that looks complete. A runtime's id is the hash of all three.

mod debian;
mod kit;
mod layer;
mod manifest;
mod packages;
mod specs;
pub mod starter;
mod toolchain;

use std::path::{Path, PathBuf};

use self::debian::Release;
use self::kit::Kit;
use self::layer::{Key, Unfinished, lock, remove_unfinished};
use self::specs::Layers;
use self::toolchain::Toolchain;
use crate::sandbox::Fault;
use crate::sandbox::tool::ToolError;

/// A complete runtime on this host.
#[derive(Clone, Debug)]
pub struct Runtime {
    id: String,
    layers: Layers,
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or made from an older recipe.
    #[error("the subjects' runtime is not built in {}: run `testat runtime build`", .0.display())]
    Missing(PathBuf),
    /// A step of the build failed.
    #[error("building the subjects' runtime: {0}")]
    Build(String),
    /// A program of the host failed.
    #[error("building the subjects' runtime: {0}")]
    Tool(#[from] ToolError),
    /// The sandbox failed.
    #[error("building the subjects' runtime: {0}")]
    Sandbox(#[from] Fault),
    /// The system refused.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a runtime is made of, as this host and these sources would make it now.
struct Recipe {
    release: Release,
    toolchain: Toolchain,
    kit: Kit,
    /// Names of the layers' folders, lowest first.
    names: [String; 3],
    id: String,
}

impl Recipe {
    async fn read(source: &Path) -> Result<Self, Error> {
        let release = Release::of_host()?;
        let toolchain = Toolchain::of_host().await?;
        let kit = Kit::in_source(source)?;
        let (base, rust) = (release.key().hex(), toolchain.key().hex());
        let upper = kit.key(&[&base, &rust])?.hex();
        let mut id = Key::new("runtime", 1);
        for layer in [&base, &rust, &upper] {
            id.add("layer", layer.as_bytes());
        }
        // Enough digits to be unique, few enough to read.
        let name = |kind: &str, hash: &str| format!("{kind}-{}", hash.get(..16).unwrap_or(hash));
        let names = [name("debian", &base), name("rust", &rust), name("kit", &upper)];
        Ok(Self { release, toolchain, kit, names, id: id.hex() })
    }

    fn layers(&self, dir: &Path) -> Layers {
        let [base, rust, kit] = &self.names;
        Layers { base: dir.join(base), rust: dir.join(rust), kit: dir.join(kit) }
    }

    fn find(&self, dir: &Path) -> Option<Runtime> {
        let layers = self.layers(dir);
        let complete = [&layers.base, &layers.rust, &layers.kit].iter().all(|l| l.is_dir());
        complete.then(|| Runtime { id: self.id.clone(), layers })
    }
}

impl Runtime {
    /// Hash of everything the runtime is made from: hex, 64 digits. `source` is the folder that
    /// has `Cargo.toml`, `Cargo.lock`, `graders/kit` and `graders/python`: the checkout, or the
    /// installed share.
    ///
    /// # Errors
    /// `source` is incomplete, or the Rust toolchain of this host can't be asked.
    pub async fn recipe_hash(source: &Path) -> Result<String, Error> {
        Ok(Recipe::read(source).await?.id)
    }

    /// The runtime in `dir` that is made from exactly the recipe in `source`.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is none.
    pub async fn find(dir: &Path, source: &Path) -> Result<Self, Error> {
        let found = Recipe::read(source).await?.find(dir);
        found.ok_or_else(|| Error::Missing(dir.to_owned()))
    }

    /// Finds the runtime, or builds what is missing of it; `progress` gets a line per step.
    /// Two builds at once wait for each other; a killed one leaves nothing that looks complete.
    ///
    /// # Errors
    /// A step failed: no network, no rights, no space.
    pub async fn build(
        dir: &Path,
        source: &Path,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Self, Error> {
        let recipe = Recipe::read(source).await?;
        if let Some(found) = recipe.find(dir) {
            return Ok(found);
        }
        progress("Waiting for any other build of the runtime");
        let place = std::path::absolute(dir).map_err(layer::reading(dir))?;
        let locking = place.clone();
        let locked = tokio::task::spawn_blocking(move || lock(&locking)).await;
        let _lock = locked.map_err(|e| Error::Build(e.to_string()))??;
        remove_unfinished(&place)?;
        let [base_name, rust_name, kit_name] = &recipe.names;
        let layers = recipe.layers(&place);
        if !layers.base.is_dir() {
            progress("Installing Debian packages (a minute)");
            recipe.release.build(Unfinished::new(&place, base_name)?).await?;
        }
        if !layers.rust.is_dir() {
            progress("Copying the Rust toolchain");
            recipe.toolchain.build(Unfinished::new(&place, rust_name)?).await?;
        }
        if !layers.kit.is_dir() {
            let kit = Unfinished::new(&place, kit_name)?;
            recipe.kit.build(kit, &layers.base, &layers.rust, progress).await?;
        }
        recipe.find(&place).ok_or(Error::Missing(place))
    }

    /// Hash of the recipe, recorded with each grading.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// All that it was made of, a line each: kind, name, version and SHA-256 of the file it came in.
    ///
    /// # Errors
    /// The lists can't be read.
    pub fn packages(&self) -> Result<String, Error> {
        let layers = [&self.layers.base, &self.layers.rust, &self.layers.kit];
        layers.into_iter().map(|layer| packages::recorded(layer)).collect()
    }

    /// For [`crate::sandbox::Settings::root`].
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.layers.base
    }
}
