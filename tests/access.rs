//! Who may do what, by table.

use testat::course::access::{ACTIONS, Action, Actor, On, may};
use testat::course::{PersonId, Role, SemesterName};

#[test]
fn who_may_do_what() {
    let (own, other): (SemesterName, SemesterName) =
        ("HS2026".parse().unwrap(), "FS2027".parse().unwrap());
    let actor = |admin, role: Option<Role>| Actor {
        person: PersonId::new(),
        admin,
        roles: role.map(|role| (own.clone(), role)).into_iter().collect(),
    };
    let student = actor(false, Some(Role::Student));
    let assistant = actor(false, Some(Role::Instructor));
    let admin = actor(true, None);
    let stranger = actor(false, None);
    let classmate = PersonId::new();
    let allowed = |who: &Actor, on: On<'_>| -> Vec<Action> {
        ACTIONS.into_iter().filter(|action| may(who, *action, on).is_ok()).collect()
    };
    use Action::*;
    let decide =
        vec![SeeSubmission, AnswerQuestion, SeeHidden, Comment, Regrade, OverrideResult, Extend];
    let decide_all = [decide.clone(), vec![OverrideAdmission]].concat();
    let class =
        vec![SeeSemester, SeeHidden, SeeClass, SeeCopies, Regrade, SetWindows, SeeAdmissions];
    let office = [class.clone(), vec![ExportAdmissions, ImportRoster]].concat();
    let server = vec![ManageSemesters, ManagePeople, SeeAudit, SeeHealth];
    let table: Vec<(&str, &Actor, On<'_>, Vec<Action>)> = vec![
        (
            "own work",
            &student,
            On::Student(&own, &student.person),
            vec![HandIn, SeeSubmission, AskQuestion],
        ),
        ("a classmate's work", &student, On::Student(&own, &classmate), vec![]),
        ("own work elsewhere", &student, On::Student(&other, &student.person), vec![]),
        ("own semester", &student, On::Semester(&own), vec![SeeSemester]),
        ("another semester", &student, On::Semester(&other), vec![]),
        ("the server", &student, On::Server, vec![]),
        ("own account", &student, On::Person(&student.person), vec![ManageOwn]),
        ("another account", &student, On::Person(&classmate), vec![]),
        ("assistant, a student", &assistant, On::Student(&own, &classmate), decide),
        ("assistant, elsewhere", &assistant, On::Student(&other, &classmate), vec![]),
        ("assistant, semester", &assistant, On::Semester(&own), class),
        ("assistant, server", &assistant, On::Server, vec![]),
        ("admin, a student", &admin, On::Student(&own, &classmate), decide_all),
        ("admin, semester", &admin, On::Semester(&other), office),
        ("admin, server", &admin, On::Server, server),
        ("admin, an account", &admin, On::Person(&classmate), vec![ManagePeople]),
        ("stranger, semester", &stranger, On::Semester(&own), vec![]),
        ("stranger, a student", &stranger, On::Student(&own, &classmate), vec![]),
        ("stranger, themselves", &stranger, On::Student(&own, &stranger.person), vec![]),
    ];
    for (name, who, on, expected) in table {
        let got = allowed(who, on);
        assert!(
            got.len() == expected.len() && expected.iter().all(|action| got.contains(action)),
            "{name}: {got:?}, expected {expected:?}"
        );
    }
    let both = Actor { admin: true, ..student };
    assert!(
        may(&both, OverrideResult, On::Student(&own, &both.person)).is_err(),
        "nobody decides their own case"
    );
}
