//! `testat admin semester`: semesters and their calendar from the command line.

use anyhow::{Context, bail};
use clap::Subcommand;

use crate::clock::Clock;
use crate::config::Config;
use crate::course::admission::Rule;
use crate::course::{SemesterName, Slug, calendar};
use crate::grading::graders;
use crate::store::Db;
use crate::store::semesters::{self, NewSemester};

/// `testat admin semester ...`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a semester with the windows of its projects
    Add {
        /// Such as HS2026
        name: SemesterName,
        /// Day of the first lecture, such as 2026-09-16
        #[arg(long)]
        first_lecture: String,
        /// Projects to be passed for admission
        #[arg(long, default_value_t = 5)]
        needed: u32,
        /// Submissions a day and project
        #[arg(long, default_value_t = 20)]
        daily_limit: i64,
    },
    /// List the semesters
    List,
    /// Show a semester's calendar
    Show {
        /// Such as HS2026
        name: SemesterName,
    },
}

/// The projects of a new semester: the seven of the course, those whose graders are here by their own
/// titles and the others as planned; then whatever else is installed, by number.
///
/// # Errors
/// A grader folder is wrong, or the numbers leave a gap.
pub fn course_projects(config: &Config) -> anyhow::Result<Vec<(Slug, String)>> {
    const PLANNED: [(&str, &str); calendar::PROJECTS as usize] = [
        ("backprop", "Backpropagation from scratch"),
        ("regularise", "Regularisation with half of the labels wrong"),
        ("lif", "Leaky integrate-and-fire neuron"),
        ("plasticity", "Synaptic plasticity"),
        ("snn", "Supervised spiking network"),
        ("feedback", "Learning without weight transport"),
        ("continual", "Continual learning and out-of-distribution detection"),
    ];
    let mut projects = Vec::new();
    for (slug, title) in PLANNED {
        projects.push((slug.parse::<Slug>()?, title.to_owned()));
    }
    for project in graders::projects(&config.graders)? {
        let entry = (project.slug.parse()?, project.title);
        let (place, next) = ((project.number as usize).wrapping_sub(1), projects.len());
        match projects.get_mut(place) {
            Some(planned) => *planned = entry,
            None if place == next => projects.push(entry),
            None => bail!(
                "project {} has the number {}, and there is no project {}: numbers start at 1 and \
                 leave no gap",
                project.slug,
                project.number,
                next + 1
            ),
        }
    }
    Ok(projects)
}

/// `needed` of as many projects as there are.
///
/// # Errors
/// There are fewer.
pub fn rule(needed: u32, projects: &[(Slug, String)]) -> anyhow::Result<Rule> {
    Ok(Rule::new(needed, u32::try_from(projects.len())?)?)
}

pub(super) async fn run(config: &Config, db: &Db, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Add { name, first_lecture, needed, daily_limit } => {
            let projects = course_projects(config)?;
            let new = NewSemester {
                name: name.clone(),
                first_lecture: calendar::parse_day(&first_lecture)?,
                rule: rule(needed, &projects)?,
                daily_limit,
                due_at: calendar::DUE_AT,
                projects,
            };
            semesters::create(db, &new, None, Clock.now()).await?;
            show_calendar(db, &name).await
        }
        Command::List => {
            for semester in semesters::all(db).await? {
                println!("{} from {}", semester.name, semester.first_lecture);
            }
            Ok(())
        }
        Command::Show { name } => show_calendar(db, &name).await,
    }
}

async fn show_calendar(db: &Db, name: &SemesterName) -> anyhow::Result<()> {
    let semester =
        semesters::get(db, name).await?.with_context(|| format!("no semester {name}"))?;
    println!("{name}: {} of {} projects to be passed", semester.needed, semester.total);
    for project in semesters::projects(db, name).await? {
        let (opens, due) = (zurich(project.opens)?, zurich(project.due)?);
        println!("{} {:<12} opens {opens}  due {due}", project.number, project.slug.as_str());
    }
    Ok(())
}

fn zurich(at: i64) -> anyhow::Result<String> {
    let zoned = jiff::Timestamp::from_millisecond(at)?.to_zoned_datetime(calendar::zurich());
    Ok(zoned.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
}
