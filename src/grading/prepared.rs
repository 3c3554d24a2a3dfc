//! A submission unpacked and, in Rust, built: everything before a grader comes into it.

use std::fs::File;

use testat_kit::report::{Check, Usage};

use super::build::{Build, build};
use super::room::Room;
use super::session::{Fault, Progress, Rig, Stopwatch};
use super::subject::Program;
use crate::course::Language;

/// Ready to be graded, once or over and over, by any grader; its folder goes when it is dropped.
#[derive(Debug)]
pub struct Prepared {
    program: Option<Program>,
    language: Language,
    build: Option<(Check, String)>,
    usage: Usage,
    /// Holds the folder in which the program lies.
    _room: Room,
}

impl Prepared {
    /// Unpacks `archive` and builds what is in it. A program that does not compile is prepared too:
    /// it fails the check `build`, and with it every other.
    ///
    /// # Errors
    /// A [`Fault`], never the student's.
    pub async fn new(
        rig: &Rig,
        archive: &File,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, Fault> {
        let mut watch = Stopwatch::new();
        let mut usage = Usage::default();
        progress(Progress::phase("unpack"));
        let room = Room::new(&rig.box_dir)?;
        let language = room.unpack(rig, archive).await?;
        watch.lap(&mut usage, "unpack");
        let (program, build) = match language {
            Language::Python => (Some(Program::Python { tree: room.tree() }), None),
            Language::Rust => {
                progress(Progress::phase("build"));
                let Build { program, check, log, used, exceeded } = build(rig, &room).await?;
                watch.lap(&mut usage, "build");
                usage.cpu_ms = used.cpu.as_millis() as u64;
                usage.peak_memory_bytes = used.peak_memory;
                usage.exceeded.extend(exceeded);
                (program, Some((check, log)))
            }
        };
        usage.wall_ms = watch.whole_ms();
        Ok(Self { program, language, build, usage, _room: room })
    }

    /// What unpacking and building used.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// What it is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    pub(super) fn program(&self) -> Option<&Program> {
        self.program.as_ref()
    }

    /// The check `build`, for what is built.
    pub(super) fn checks(&self) -> impl Iterator<Item = Check> {
        self.build.iter().map(|(check, _)| check.clone())
    }

    /// What the compiler said.
    pub(super) fn log(&self) -> &str {
        self.build.as_ref().map_or("", |(_, log)| log)
    }
}
