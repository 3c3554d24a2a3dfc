//! The kit's manifest, taken out of the workspace, and the part of the lock file that it needs.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use toml::{Table, Value};

use super::Error;
use super::layer::reading;

/// What a student's package may name; the rest of the lock file belongs to the server.
const ROOTS: &[&str] =
    &["testat-kit", "ndarray", "rand", "rand_chacha", "rand_distr", "safetensors"];

/// The kit's `Cargo.toml` with everything written out that it inherits from the workspace, and
/// without what only tests need.
pub(super) fn kit_manifest(source: &Path) -> Result<String, Error> {
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

    use super::{kit_manifest, locked};

    #[test]
    fn the_kit_stands_alone() {
        let manifest = kit_manifest(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(!manifest.contains("workspace = true"), "{manifest}");
        assert!(!manifest.contains("proptest"), "{manifest}");
        assert!(manifest.contains("edition = \"2024\""), "{manifest}");
    }

    #[test]
    fn the_servers_own_crates_are_not_part_of_the_recipe() {
        let lock = locked(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        for (name, there) in [("ndarray", true), ("safetensors", true), ("sqlx", false)] {
            assert_eq!(lock.contains(&format!("name = \"{name}\"")), there, "{name}");
        }
    }
}
