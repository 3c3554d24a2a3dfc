//! The lowest layer: Debian packages by name, from the sources that the host itself uses.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::layer::{Key, Unfinished, put, reading, writing};
use crate::sandbox::tool::Tool;

/// Change with the steps below.
const VERSION: u32 = 1;

/// What subjects see of Debian, beside the essential packages.
const PACKAGES: &[&str] = &[
    "python3",
    "python3-numpy",
    // numpy's default is the reference BLAS, ten times slower in a matrix product.
    "libopenblas0-pthread",
    // Links Rust programs.
    "gcc",
    "libc6-dev",
];

/// Read by nobody in a sandbox.
const LEFT_OUT: &[&str] = &[
    "/usr/share/man/*",
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/lintian/*",
    "/usr/share/bug/*",
];

/// Tells of the host, and is copied from it.
const OF_THE_HOST: &[&str] = &["resolv.conf", "hostname", "hosts", "machine-id"];

/// The Debian of this host.
#[derive(Debug)]
pub(super) struct Release {
    codename: String,
    id: String,
}

impl Release {
    /// Reads `/etc/os-release`.
    pub(super) fn of_host() -> Result<Self, Error> {
        let path = Path::new("/etc/os-release");
        let text = fs::read_to_string(path).map_err(reading(path))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(|value| value.trim_matches('"').to_owned())
        };
        match (field("VERSION_CODENAME"), field("ID")) {
            (Some(codename), Some(id)) => Ok(Self { codename, id }),
            _ => Err(Error::Build("this host is not a release of Debian".to_owned())),
        }
    }

    /// What the layer is made of.
    pub(super) fn key(&self) -> Key {
        let mut key = Key::new("debian", VERSION);
        key.add("codename", self.codename.as_bytes());
        key.add("architecture", std::env::consts::ARCH.as_bytes());
        for package in PACKAGES {
            key.add("package", package.as_bytes());
        }
        for path in LEFT_OUT {
            key.add("left out", path.as_bytes());
        }
        key
    }

    /// Installs the packages into the layer and keeps of it what programs see.
    pub(super) async fn build(&self, layer: Unfinished) -> Result<PathBuf, Error> {
        let system = layer.path.join("system");
        let sources = self.sources(&layer.path).await?;
        let left_out = LEFT_OUT.iter().map(|path| format!("--dpkgopt=path-exclude={path}"));
        Tool::new("mmdebstrap")
            .args(["--variant=essential", "--format=directory", "--quiet"])
            .args(["--aptopt=APT::Install-Recommends \"false\"", "--skip=output/dev"])
            .arg(format!("--include={}", PACKAGES.join(",")))
            .args(left_out)
            .arg(&self.codename)
            .arg(&system)
            .arg(&sources)
            .run()
            .await?;
        for folder in ["usr", "etc"] {
            let (from, to) = (system.join(folder), layer.path.join(folder));
            fs::rename(&from, &to).map_err(writing(&to))?;
        }
        let installed = system.join("var/lib/dpkg/status");
        let listed = fs::read_to_string(&installed).map_err(reading(&installed))?;
        put(&layer.path.join("packages.txt"), versions(&listed), 0o644)?;
        fs::remove_dir_all(&system).map_err(writing(&system))?;
        fs::remove_file(&sources).map_err(writing(&sources))?;
        tidy(&layer.path.join("etc"))?;
        layer.finish()
    }

    /// A file with the host's own sources of Debian packages; others may have the same names in
    /// other versions.
    async fn sources(&self, folder: &Path) -> Result<PathBuf, Error> {
        let format = "$(ORIGIN)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)";
        let targets = Tool::new("apt-get")
            .args(["indextargets", "--format", format, "Created-By: Packages"])
            .run()
            .await?;
        let mut lines: Vec<String> =
            targets.lines().filter_map(|line| self.source_line(line)).collect();
        lines.sort();
        lines.dedup();
        if lines.is_empty() {
            return Err(Error::Build(format!(
                "apt knows no sources of {} {} on this host: run `apt-get update`",
                self.id, self.codename
            )));
        }
        let path = folder.join("host.list");
        put(&path, lines.join("\n") + "\n", 0o644)?;
        Ok(path)
    }

    fn source_line(&self, target: &str) -> Option<String> {
        let fields: Vec<&str> = target.split('\t').collect();
        let &[origin, uri, release, component] = fields.as_slice() else { return None };
        let ours = origin.eq_ignore_ascii_case(&self.id) && release.starts_with(&self.codename);
        ours.then(|| format!("deb {uri} {release} {component}"))
    }
}

/// Name and version of each installed package, a line each.
fn versions(status: &str) -> String {
    let mut name = "";
    let mut lines = Vec::new();
    for line in status.lines() {
        if let Some(package) = line.strip_prefix("Package: ") {
            name = package;
        } else if let Some(version) = line.strip_prefix("Version: ") {
            lines.push(format!("{name} {version}\n"));
        }
    }
    lines.sort();
    lines.concat()
}

fn tidy(etc: &Path) -> Result<(), Error> {
    for name in OF_THE_HOST {
        let path = etc.join(name);
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path).map_err(writing(&path))?;
        }
    }
    // Programs run as user 1000, and Python asks for the name.
    let path = etc.join("passwd");
    let users = fs::read_to_string(&path).map_err(reading(&path))?;
    put(&path, users + "student:x:1000:1000::/work:/bin/sh\n", 0o644)
}

#[cfg(test)]
mod tests {
    use super::{Release, versions};

    #[test]
    fn only_the_hosts_own_debian_is_a_source() {
        let debian = Release { codename: "bookworm".into(), id: "debian".into() };
        let line = debian.source_line("Debian\thttp://d/debian/\tbookworm-updates\tmain");
        assert_eq!(line.as_deref(), Some("deb http://d/debian/ bookworm-updates main"));
        assert_eq!(debian.source_line("Docker\thttp://x\tbookworm\tstable"), None);
        assert_eq!(debian.source_line("Debian\thttp://d/debian/\ttrixie\tmain"), None);
    }

    #[test]
    fn versions_are_listed_by_name() {
        let status = "Package: b\nStatus: ok\nVersion: 2\n\nPackage: a\nVersion: 1\n";
        assert_eq!(versions(status), "a 1\nb 2\n");
    }
}
