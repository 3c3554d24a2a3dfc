//! What is asked of the class page, and the addresses that ask for something else.

use serde::{Deserialize, Serialize};

use crate::course::{ProjectNumber, SemesterName};
use crate::store::semesters::Project;
use crate::web::error::{Error, Result};

/// What is to be shown. All of it may be missing; an empty field of the form counts as missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Part of a name, a Legi number or an address.
    pub(super) q: String,
    pub(super) show: Show,
    /// Students whose result in this project...
    pub(super) project: String,
    /// ... is this.
    pub(super) is: String,
    /// `name`, `legi`, `passed`, `admission` or a project's number; after a `-` the other way round.
    pub(super) sort: String,
    /// From 1.
    pub(super) page: String,
    pub(super) names: Names,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Show {
    #[default]
    #[serde(alias = "")]
    All,
    Admitted,
    Open,
    AtRisk,
    NotAdmitted,
}

impl Show {
    pub(super) const ALL: [Self; 5] =
        [Self::All, Self::Admitted, Self::Open, Self::AtRisk, Self::NotAdmitted];

    /// As addresses have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Admitted => "admitted",
            Self::Open => "open",
            Self::AtRisk => "at_risk",
            Self::NotAdmitted => "not_admitted",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::All => "students",
            Self::Admitted => "admitted",
            Self::Open => "open",
            Self::AtRisk => "at risk",
            Self::NotAdmitted => "not admitted",
        }
    }

    pub(super) fn badge(self) -> &'static str {
        if self == Self::AtRisk { "attention" } else { self.name() }
    }
}

/// Whether people can be told by the page: not when it is shown to the class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Names {
    #[default]
    #[serde(alias = "")]
    Shown,
    Hidden,
}

/// The states of a result, as badges have them, and what they are called over a column.
pub(super) const STATES: [Known; 8] = [
    Known { state: "passed", words: "passed" },
    Known { state: "failed", words: "failed" },
    Known { state: "waiting", words: "being graded" },
    Known { state: "late", words: "late only" },
    Known { state: "missed", words: "not handed in" },
    Known { state: "open", words: "open" },
    Known { state: "ahead", words: "not open yet" },
    Known { state: "excused", words: "excused" },
];

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Known {
    pub(super) state: &'static str,
    pub(super) words: &'static str,
}

impl Asked {
    pub(super) fn hidden(&self) -> bool {
        self.names == Names::Hidden
    }

    /// The column sorted by, and whether from its end.
    pub(super) fn order(&self) -> (&str, bool) {
        match self.sort.strip_prefix('-') {
            Some(column) => (column, true),
            None if self.sort.is_empty() => ("name", false),
            None => (&self.sort, false),
        }
    }

    pub(super) fn sorted(&self, column: &str) -> &'static str {
        match self.order() {
            (by, false) if by == column => "ascending",
            (by, true) if by == column => "descending",
            _ => "none",
        }
    }

    /// The address of what is asked, with some of it otherwise.
    pub(super) fn with(&self, semester: &SemesterName, change: impl FnOnce(&mut Self)) -> String {
        let mut asked = Self { page: String::new(), ..self.clone() };
        change(&mut asked);
        let names = if asked.hidden() { "hidden" } else { "" };
        let fields = [
            ("q", asked.q.as_str()),
            ("show", asked.show.name()),
            ("project", &asked.project),
            ("is", &asked.is),
            ("sort", &asked.sort),
            ("names", names),
            ("page", &asked.page),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        if query.is_empty() {
            format!("/class/{semester}")
        } else {
            format!("/class/{semester}?{query}")
        }
    }

    /// The address that sorts by this column, or by it the other way round.
    pub(super) fn by(&self, semester: &SemesterName, column: &str) -> String {
        let turned = self.sorted(column) == "ascending";
        let sort = if turned { format!("-{column}") } else { column.to_owned() };
        self.with(semester, |asked| asked.sort = sort)
    }
}

/// What a person can't have meant is said rather than passed over.
pub(super) fn check(asked: &Asked, projects: &[Project]) -> Result<()> {
    let is_project = |text: &str| projects.iter().any(|p| Some(p.number) == number(text));
    let (column, _) = asked.order();
    if !["name", "passed", "admission"].contains(&column) && !is_project(column) {
        return Err(Error::Bad(format!(
            "Students can be sorted by name, passed, admission or a project's number, not by `{column}`."
        )));
    }
    if !asked.page.is_empty() && asked.page.parse::<usize>().is_err() {
        return Err(Error::Bad(format!("Pages have numbers from 1 on: `{}` is none.", asked.page)));
    }
    if !asked.project.is_empty() && !is_project(&asked.project) {
        return Err(Error::Bad(format!("There is no project `{}`.", asked.project)));
    }
    if !asked.is.is_empty() && !STATES.iter().any(|known| known.state == asked.is) {
        return Err(Error::Bad(format!("`{}` is no state of a result.", asked.is)));
    }
    Ok(())
}

pub(super) fn number(text: &str) -> Option<ProjectNumber> {
    text.parse().ok().and_then(ProjectNumber::new)
}
