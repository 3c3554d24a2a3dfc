//! The lowest layer: Debian packages by name, from the sources that the host itself uses.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::layer::{Key, Unfinished, files, put, reading, writing};
use super::packages::{self, Package};
use crate::sandbox::tool::Tool;

/// Change with the steps below.
const VERSION: u32 = 2;

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
            // They know the packages' hashes, which the installed system does not.
            .arg("--skip=cleanup/apt/lists")
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
        let mut known = HashMap::new();
        for list in files(&system.join("var/lib/apt/lists"))? {
            if list.as_os_str().as_encoded_bytes().ends_with(b"_Packages") {
                known.extend(hashes(&fs::read_to_string(&list).map_err(reading(&list))?));
            }
        }
        packages::record(&layer.path, &packages(&listed, &known)?)?;
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

/// Name, version and architecture, which together say which file a package was.
type Name = [String; 3];

/// The value of each field `names`, for each paragraph that has all of them.
fn paragraphs<const N: usize>(text: &str, names: [&str; N]) -> Vec<[String; N]> {
    let of = |paragraph: &str| {
        let field = |name: &str| {
            let line =
                paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.map(ToOwned::to_owned)
        };
        let values: Option<Vec<String>> = names.iter().map(|name| field(name)).collect();
        values?.try_into().ok()
    };
    text.split("\n\n").filter_map(of).collect()
}

/// What a list of an archive says about its packages.
fn hashes(list: &str) -> Vec<(Name, String)> {
    let found = paragraphs(list, ["Package", "Version", "Architecture", "SHA256"]);
    found
        .into_iter()
        .map(|[name, version, machine, hash]| ([name, version, machine], hash))
        .collect()
}

/// Each installed package with the hash of the file that it came in.
fn packages(status: &str, known: &HashMap<Name, String>) -> Result<Vec<Package>, Error> {
    let installed = paragraphs(status, ["Package", "Version", "Architecture"]);
    let package = |name: Name| match known.get(&name) {
        Some(hash) => {
            let [name, version, _] = name;
            Ok(Package { kind: "debian", name, version, sha256: hash.clone() })
        }
        None => Err(Error::Build(format!("apt knows no hash of {}", name.join(" ")))),
    };
    installed.into_iter().map(package).collect()
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
    use super::{HashMap, Release, hashes, packages};

    #[test]
    fn only_the_hosts_own_debian_is_a_source() {
        let debian = Release { codename: "bookworm".into(), id: "debian".into() };
        let line = debian.source_line("Debian\thttp://d/debian/\tbookworm-updates\tmain");
        assert_eq!(line.as_deref(), Some("deb http://d/debian/ bookworm-updates main"));
        assert_eq!(debian.source_line("Docker\thttp://x\tbookworm\tstable"), None);
        assert_eq!(debian.source_line("Debian\thttp://d/debian/\ttrixie\tmain"), None);
    }

    #[test]
    fn each_installed_package_has_the_hash_of_its_file() {
        let status = "Package: b\nStatus: ok\nArchitecture: all\nVersion: 2\n\nPackage: a\n\
            Architecture: amd64\nVersion: 1\n";
        let list = "Package: a\nVersion: 1\nArchitecture: amd64\nSHA256: aa\n\nPackage: a\n\
            Version: 0\nArchitecture: amd64\nSHA256: a0\n\nPackage: b\nVersion: 2\n\
            Architecture: all\nSHA256: bb\n";
        let known = hashes(list).into_iter().collect();
        let found = packages(status, &known).unwrap();
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["debian b 2 bb", "debian a 1 aa"]);
        let stale = HashMap::new();
        assert!(packages(status, &stale).unwrap_err().to_string().contains("no hash of b 2 all"));
    }
}
