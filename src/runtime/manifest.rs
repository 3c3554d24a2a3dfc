//! The kit as students get it: without what only harnesses need, its manifest taken out of the
//! workspace, and the part of the lock file that it needs.
//!
//! A harness's modules solve projects (`network` has the gradients of project 1), so they are left
//! out of the sources, not only switched off: any package may switch a feature on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use toml::{Table, Value};

use super::Error;
use super::layer::reading;

/// What a student's package may name; the rest of the lock file belongs to the server.
const ROOTS: &[&str] =
    &["testat-kit", "ndarray", "rand", "rand_chacha", "rand_distr", "safetensors"];

/// The one feature of the kit that a student's package has.
const SUBJECT: &str = "subject";

/// The crate `testat-kit` as students get it, by path: `Cargo.toml` and what is in `src`.
pub(super) fn kit_sources(source: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let kit = source.join("graders/kit");
    let root = kit.join("src/lib.rs");
    let text = std::fs::read_to_string(&root).map_err(reading(&root))?;
    let (text, left_out) = without_other_features(&text);
    let mut files = read_folder(&kit.join("src"), "src/")?;
    files.retain(|path, _| {
        let module = path.strip_prefix("src/").and_then(|path| path.split(['/', '.']).next());
        let of_ours = module.is_some_and(|module| left_out.iter().any(|name| name == module));
        !of_ours && !path.ends_with("/tests.rs")
    });
    files.insert("src/lib.rs".to_owned(), text.into_bytes());
    files.insert("Cargo.toml".to_owned(), kit_manifest(source)?.into_bytes());
    Ok(files)
}

/// The text of `lib.rs` without its modules of other features, and the names of those.
fn without_other_features(text: &str) -> (String, Vec<String>) {
    let (mut kept, mut left_out) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let feature = line.strip_prefix("#[cfg(feature = \"").and_then(|l| l.strip_suffix("\")]"));
        if feature.is_none_or(|feature| feature == SUBJECT) {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let module = lines.next().and_then(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
        left_out.extend(module.map(str::to_owned));
    }
    (kept, left_out)
}

/// All files below a folder, by their path from it with `before` in front. Compiled Python and what
/// cargo builds are left out.
pub(super) fn read_folder(folder: &Path, before: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(reading(folder))? {
        let entry = entry.map_err(reading(folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        let Some(name) = name.to_str().filter(|name| !["__pycache__", "target"].contains(name))
        else {
            continue;
        };
        if entry.file_type().map_err(reading(&path))?.is_dir() {
            files.extend(read_folder(&path, &format!("{before}{name}/"))?);
        } else {
            files.insert(format!("{before}{name}"), std::fs::read(&path).map_err(reading(&path))?);
        }
    }
    Ok(files)
}

/// The crates that a student's package may name, with the versions it is built with.
pub(super) fn crates(source: &Path) -> Result<Vec<(String, String)>, Error> {
    let lock = table(&source.join("Cargo.lock"))?;
    let packages = lock.get("package").and_then(Value::as_array);
    let all: Vec<_> = packages.into_iter().flatten().filter_map(identity).collect();
    let newest = |name: &&str| {
        let versions = all.iter().filter(|(of, _)| of == name).map(|(_, version)| version);
        Some(((*name).to_owned(), versions.max()?.clone()))
    };
    Ok(ROOTS.iter().filter_map(newest).collect())
}

/// The kit's `Cargo.toml` with everything written out that it inherits from the workspace, and
/// without what only tests and harnesses need.
fn kit_manifest(source: &Path) -> Result<String, Error> {
    let workspace = table(&source.join("Cargo.toml"))?;
    let kit = table(&source.join("graders/kit/Cargo.toml"))?;
    let standing = stand_alone(&workspace, kit)
        .ok_or_else(|| Error::Build("Cargo.toml lacks what graders/kit inherits".to_owned()))?;
    toml::to_string(&standing).map_err(|e| Error::Build(format!("graders/kit/Cargo.toml: {e}")))
}

fn stand_alone(workspace: &Table, mut kit: Table) -> Option<Table> {
    let workspace = workspace.get("workspace")?.as_table()?;
    let package = workspace.get("package")?.as_table()?;
    for (name, value) in kit.get_mut("package")?.as_table_mut()? {
        if is_inherited(value) {
            *value = package.get(name)?.clone();
        }
    }
    let shared = workspace.get("dependencies")?.as_table()?;
    inherit(shared, kit.get_mut("dependencies")?.as_table_mut()?)?;
    if let Some(targets) = kit.get_mut("target").and_then(Value::as_table_mut) {
        for (_, target) in targets.iter_mut() {
            let dependencies = target.as_table_mut()?.get_mut("dependencies");
            if let Some(dependencies) = dependencies.and_then(Value::as_table_mut) {
                inherit(shared, dependencies)?;
            }
        }
    }
    for part in ["lints", "dev-dependencies"] {
        kit.remove(part);
    }
    let features = kit.get_mut("features")?.as_table_mut()?;
    features.retain(|name, _| name == "default" || name == SUBJECT);
    let wanted = features.get(SUBJECT)?.as_array()?.clone();
    kit.get_mut("dependencies")?.as_table_mut()?.retain(|name, value| {
        let optional = value.get("optional").and_then(Value::as_bool) == Some(true);
        !optional || wanted.iter().any(|w| w.as_str() == Some(&format!("dep:{name}")))
    });
    Some(kit)
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Cargo's own rule: the workspace's entry, plus features and `optional` of the package's.
fn inherit(shared: &Table, dependencies: &mut Table) -> Option<()> {
    for (name, value) in dependencies.iter_mut() {
        if !is_inherited(value) {
            continue;
        }
        let mut whole = match shared.get(name)? {
            Value::String(version) => {
                Table::from_iter([("version".to_owned(), Value::String(version.clone()))])
            }
            other => other.as_table()?.clone(),
        };
        for (key, own) in value.as_table()? {
            match (key.as_str(), own) {
                ("workspace", _) => {}
                ("features", Value::Array(more)) => {
                    let features =
                        whole.entry("features").or_insert_with(|| Value::Array(Vec::new()));
                    features.as_array_mut()?.extend(more.iter().cloned());
                }
                _ => {
                    whole.insert(key.clone(), own.clone());
                }
            }
        }
        *value = Value::Table(whole);
    }
    Some(())
}

/// The workspace's lock file, of which only what [`ROOTS`] need: another version of the server's
/// own crates makes no other runtime.
pub(super) fn locked(source: &Path) -> Result<String, Error> {
    let mut lock = table(&source.join("Cargo.lock"))?;
    let packages = match lock.remove("package") {
        Some(Value::Array(packages)) => packages,
        _ => return Err(Error::Build("Cargo.lock lists no packages".to_owned())),
    };
    let needed = closure(&packages);
    let kept = packages.into_iter().filter(|p| identity(p).is_some_and(|id| needed.contains(&id)));
    lock.insert("package".to_owned(), Value::Array(kept.collect()));
    toml::to_string(&lock).map_err(|e| Error::Build(format!("Cargo.lock: {e}")))
}

/// Name and version.
fn identity(package: &Value) -> Option<(String, String)> {
    let field = |name| Some(package.get(name)?.as_str()?.to_owned());
    Some((field("name")?, field("version")?))
}

fn closure(packages: &[Value]) -> BTreeSet<(String, String)> {
    let mut by_name: HashMap<String, Vec<&Value>> = HashMap::new();
    for package in packages {
        if let Some((name, _)) = identity(package) {
            by_name.entry(name).or_default().push(package);
        }
    }
    let mut needed = BTreeSet::new();
    let mut open: Vec<String> = ROOTS.iter().map(ToString::to_string).collect();
    while let Some(dependency) = open.pop() {
        // `name`, or `name version` where there are several.
        let mut words = dependency.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        for package in by_name.get(name).into_iter().flatten() {
            let Some(id) = identity(package) else { continue };
            if version.is_some_and(|version| version != id.1) || !needed.insert(id) {
                continue;
            }
            let names = package.get("dependencies").and_then(Value::as_array);
            open.extend(names.into_iter().flatten().filter_map(|n| n.as_str().map(str::to_owned)));
        }
    }
    needed
}

fn table(path: &Path) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path).map_err(reading(path))?;
    text.parse().map_err(|e| Error::Build(format!("{}: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{crates, kit_sources, locked};

    fn source() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn the_kit_stands_alone() {
        let files = kit_sources(source()).unwrap();
        let manifest = String::from_utf8(files["Cargo.toml"].clone()).unwrap();
        assert!(!manifest.contains("workspace = true"), "{manifest}");
        assert!(!manifest.contains("proptest"), "{manifest}");
        assert!(manifest.contains("edition = \"2024\""), "{manifest}");
    }

    #[test]
    fn students_get_nothing_that_solves_a_project() {
        let files = kit_sources(source()).unwrap();
        let root = String::from_utf8(files["src/lib.rs"].clone()).unwrap();
        let manifest = String::from_utf8(files["Cargo.toml"].clone()).unwrap();
        for path in ["src/network.rs", "src/network/golden.json", "src/glyph.rs", "src/report.rs"] {
            assert!(source().join("graders/kit").join(path).is_file(), "{path} is elsewhere now");
            assert!(!files.contains_key(path), "{path}");
        }
        for path in ["src/serve.rs", "src/samples.rs", "src/link/tensor.rs", "src/backprop.rs"] {
            assert!(files.contains_key(path), "{path}");
        }
        assert!(!root.contains("harness\")]") && root.contains("pub mod serve;"), "{root}");
        assert!(!manifest.contains("rand"), "{manifest}");
    }

    #[test]
    fn the_crates_are_named_with_their_versions() {
        let crates = crates(source()).unwrap();
        assert!(crates.iter().any(|(name, v)| name == "ndarray" && v.starts_with("0.17")));
        assert_eq!(crates.len(), 6, "{crates:?}");
    }

    #[test]
    fn the_servers_own_crates_are_not_part_of_the_recipe() {
        let lock = locked(source()).unwrap();
        for (name, there) in [("ndarray", true), ("safetensors", true), ("sqlx", false)] {
            assert_eq!(lock.contains(&format!("name = \"{name}\"")), there, "{name}");
        }
    }
}
