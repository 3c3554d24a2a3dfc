//! Who may do what: the one place that decides, and it denies unless a line here allows.
//!
//! | | student | instructor of the semester | admin |
//! |---|---|---|---|
//! | see the semester, its projects and handouts | enrolled | yes | yes |
//! | hand in | own, enrolled | no | no |
//! | see and fetch a submission, its gradings and report | own | yes | yes |
//! | ask about a result, and write and close there | own | no | no |
//! | answer such a question, and close it | no | yes | yes |
//! | see what would give away a draw's labels | no | yes | yes |
//! | see the class | no | yes | yes |
//! | comment on a submission's lines | no | yes, not their own | yes, not their own |
//! | look for copies and see what was found | no | yes | yes |
//! | regrade, override a result, extend a due time | no | yes | yes |
//! | change the windows | no | yes | yes |
//! | see the admissions | no | yes | yes |
//! | override an admission, export, freeze | no | no | yes |
//! | semesters, rosters, people, audit log, server's health | no | no | yes |
//! | own profile, sessions and tokens | own | own | own |

use super::words::choice;
use super::{PersonId, Role, SemesterName};

/// Who asks, with all that decides what they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// Whether an admin of the server.
    pub admin: bool,
    /// What they are in which semester.
    pub roles: Vec<(SemesterName, Role)>,
}

impl Actor {
    /// What the person is in this semester, if anything.
    pub fn role_in(&self, semester: &SemesterName) -> Option<Role> {
        self.roles.iter().find(|(name, _)| name == semester).map(|(_, role)| *role)
    }
    fn is(&self, role: Role, semester: &SemesterName) -> bool {
        self.role_in(semester) == Some(role)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Projects, windows, handouts, starter kits.
    SeeSemester,
    /// Hand in a project as the student named.
    HandIn,
    /// A submission with its gradings, reports and archive, or a student's results.
    SeeSubmission,
    /// Ask about one's own result.
    AskQuestion,
    /// Answer what a student asks about a result.
    AnswerQuestion,
    /// Figures and numbers that would give away labels or permutations of a draw.
    SeeHidden,
    /// All students of the semester at a glance.
    SeeClass,
    /// Say something of a submission's line, for the student to read; and take it back.
    Comment,
    /// Look for copies, see pairs and mark them.
    SeeCopies,
    /// Run a grader again.
    Regrade,
    /// Decide a result.
    OverrideResult,
    /// Give one student more time.
    Extend,
    /// Change a project's window.
    SetWindows,
    /// The admission list.
    SeeAdmissions,
    /// Decide an admission.
    OverrideAdmission,
    /// Take the admission list out of the server.
    ExportAdmissions,
    /// Import people into the semester.
    ImportRoster,
    /// Create and set up semesters.
    ManageSemesters,
    /// Invite, change and lock people; see anyone's sign-ins.
    ManagePeople,
    /// The audit log.
    SeeAudit,
    /// Queue, limits and state of the server.
    SeeHealth,
    /// A person's own password, sessions and tokens.
    ManageOwn,
}

/// All actions, for tables and tests.
pub const ACTIONS: [Action; 22] = [
    Action::SeeSemester,
    Action::HandIn,
    Action::SeeSubmission,
    Action::AskQuestion,
    Action::AnswerQuestion,
    Action::SeeHidden,
    Action::SeeClass,
    Action::Comment,
    Action::SeeCopies,
    Action::Regrade,
    Action::OverrideResult,
    Action::Extend,
    Action::SetWindows,
    Action::SeeAdmissions,
    Action::OverrideAdmission,
    Action::ExportAdmissions,
    Action::ImportRoster,
    Action::ManageSemesters,
    Action::ManagePeople,
    Action::SeeAudit,
    Action::SeeHealth,
    Action::ManageOwn,
];

/// What it is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On<'a> {
    /// The server as a whole.
    Server,
    /// One semester.
    Semester(&'a SemesterName),
    /// One student's work in one semester.
    Student(&'a SemesterName, &'a PersonId),
    /// One person's account.
    Person(&'a PersonId),
}

/// Not allowed. Says nothing of whether the thing exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not allowed")]
pub struct Denied;

/// Whether `actor` may do `action` on what is named.
///
/// # Errors
/// [`Denied`] unless a rule of this module's table allows it.
pub fn may(actor: &Actor, action: Action, on: On<'_>) -> Result<(), Denied> {
    let allowed = match on {
        On::Server => actor.admin && for_the_server(action),
        On::Person(person) => match action {
            Action::ManageOwn => actor.person == *person,
            Action::ManagePeople => actor.admin,
            _ => false,
        },
        On::Semester(semester) => in_semester(actor, action, semester),
        On::Student(semester, student) => about_student(actor, action, semester, student),
    };
    if allowed { Ok(()) } else { Err(Denied) }
}

fn for_the_server(action: Action) -> bool {
    matches!(
        action,
        Action::ManageSemesters | Action::ManagePeople | Action::SeeAudit | Action::SeeHealth
    )
}

fn in_semester(actor: &Actor, action: Action, semester: &SemesterName) -> bool {
    match action {
        Action::SeeSemester => actor.admin || actor.role_in(semester).is_some(),
        // Nobody decides their own case, whatever else they are.
        Action::Regrade => {
            (actor.admin || actor.is(Role::Instructor, semester))
                && !actor.is(Role::Student, semester)
        }
        Action::SeeHidden
        | Action::SeeClass
        | Action::SeeCopies
        | Action::SetWindows
        | Action::SeeAdmissions => actor.admin || actor.is(Role::Instructor, semester),
        Action::ExportAdmissions | Action::ImportRoster => actor.admin,
        _ => false,
    }
}

fn about_student(
    actor: &Actor,
    action: Action,
    semester: &SemesterName,
    student: &PersonId,
) -> bool {
    let own = actor.person == *student && actor.is(Role::Student, semester);
    let decides = actor.admin || actor.is(Role::Instructor, semester);
    match action {
        Action::HandIn | Action::AskQuestion => own,
        Action::SeeSubmission => own || decides,
        // Nobody decides their own case, whatever else they are.
        Action::Comment
        | Action::Regrade
        | Action::OverrideResult
        | Action::Extend
        | Action::AnswerQuestion => decides && actor.person != *student,
        Action::OverrideAdmission => actor.admin && actor.person != *student,
        Action::SeeHidden => decides && !own,
        _ => false,
    }
}

choice!(
    /// How much of what its owner may do a token lends to a program. Each also reads what is its
    /// owner's own and the course's.
    Scope, "a scope: read, submit or staff" {
        /// Nothing more.
        Read = "read",
        /// Hand in.
        Submit = "submit",
        /// What instructors and admins see of others, and the lists.
        Staff = "staff",
    }
);

impl Scope {
    /// Whether a token of this scope goes far enough for `action`, if its owner may do it at all.
    pub fn reaches(self, actor: &Actor, action: Action, on: On<'_>) -> bool {
        let own = match on {
            On::Student(_, person) | On::Person(person) => *person == actor.person,
            On::Server | On::Semester(_) => false,
        };
        match action {
            Action::SeeSemester => true,
            Action::SeeSubmission if own => true,
            Action::HandIn => self == Self::Submit,
            _ => self == Self::Staff,
        }
    }
}
