//! `testat starter`: a project's starter kit, as a file. The server offers the same ones.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::Config;
use crate::course::{Language, Slug};
use crate::export::starter::{self, Contents, Starter};
use crate::grading::graders;
use crate::runtime::starter as parts;

use super::rig;

/// `testat starter PROJECT`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The project's slug, such as backprop
    project: Slug,
    /// python or rust
    #[arg(long)]
    lang: Language,
    /// Where to: a folder, or the name of the file; here, if not given
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

/// Writes the kit and says where it is.
///
/// # Errors
/// No such kit, or it can't be written.
pub fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { project, lang, out } = arguments;
    let kits = all(config)?;
    let kit = kits.iter().find(|kit| kit.slug == *project && kit.language == *lang);
    let Some(kit) = kit else {
        let known: Vec<_> =
            kits.iter().map(|kit| format!("{} --lang {}", kit.slug, kit.language)).collect();
        bail!("no starter kit {project} --lang {lang}; there are {}", known.join(", "));
    };
    let path = if out.is_dir() { out.join(&kit.file_name) } else { out.clone() };
    std::fs::write(&path, &kit.bytes).with_context(|| path.display().to_string())?;
    println!("{}", path.display());
    Ok(())
}

/// The kits of all projects whose folder has a `starter` in a language.
///
/// # Errors
/// A folder can't be read.
pub fn all(config: &Config) -> anyhow::Result<Vec<Starter>> {
    let mut kits = Vec::new();
    for (project, folder) in graders::projects_in(&config.graders)? {
        for language in [Language::Python, Language::Rust] {
            let own = folder.join("starter").join(language.as_str());
            if own.is_dir() {
                let place = || own.display().to_string();
                kits.push(one(&project, &folder, language, &own).with_context(place)?);
            }
        }
    }
    Ok(kits)
}

fn one(
    project: &graders::Project,
    folder: &Path,
    language: Language,
    own: &Path,
) -> anyhow::Result<Starter> {
    let source = rig::source();
    let mut files = match language {
        Language::Python => parts::python_parts(&source)?,
        Language::Rust => parts::rust_parts(&source)?,
    };
    files.extend(parts::own_parts(own)?);
    let samples = folder.join("starter/samples.bin");
    if samples.is_file() {
        let bytes = std::fs::read(&samples).with_context(|| samples.display().to_string())?;
        files.insert("samples.bin".to_owned(), bytes);
    }
    let handout = folder.join("handout.md");
    let handout =
        std::fs::read_to_string(&handout).with_context(|| handout.display().to_string())?;
    Ok(starter::pack(Contents {
        slug: &project.slug.parse()?,
        title: &format!("Project {}: {}", project.number, project.title),
        language,
        handout: &handout,
        crates: &parts::crates_in_words(&source)?,
        files,
    })?)
}
