//! Who takes part: the import of a class, on both engines.

use jiff::civil::date;
use testat::course::Role;
use testat::store::roster::{self, Change, ImportError, RosterRow};
use testat::store::{people, semesters};

use crate::database::{Course, new_semester, on_both, student_row};

on_both!(
    an_import_says_what_it_adds_changes_and_leaves,
    a_dry_run_says_the_same_and_does_nothing,
    the_legi_number_identifies_a_student_in_the_next_semester,
    a_bad_row_is_named_and_nothing_is_imported,
    an_instructor_needs_no_legi_number,
);

async fn an_import_says_what_it_adds_changes_and_leaves(t: Course) {
    let first = [student_row(1), student_row(2)];
    let done = roster::import(&t.db, &t.semester, &first, Some(&t.admin), 5).await.unwrap();
    assert_eq!(done.counts(), (2, 0, 0));

    let mut changed = student_row(2);
    changed.email = "new.name@ethz.example".parse().unwrap();
    changed.level = "PhD".into();
    let second = [student_row(1), changed, student_row(3)];
    let done = roster::import(&t.db, &t.semester, &second, Some(&t.admin), 6).await.unwrap();
    assert_eq!(done.counts(), (1, 1, 1));
    let Change::Changed(fields) = &done.rows[1].change else { panic!("{:?}", done.rows[1]) };
    let fields: Vec<_> = fields.iter().map(|f| (f.field, f.from.as_str(), f.to.as_str())).collect();
    assert_eq!(
        fields,
        [("email", "student2@ethz.example", "new.name@ethz.example"), ("level", "MSc", "PhD")]
    );
    let everyone = roster::everyone(&t.db, &t.semester).await.unwrap();
    let emails: Vec<_> = everyone.iter().map(|one| one.email.as_str()).collect();
    assert_eq!(
        emails,
        ["student1@ethz.example", "new.name@ethz.example", "student3@ethz.example"],
        "the person was renamed, not doubled"
    );
    let one = roster::get(&t.db, &t.semester, &everyone[0].person).await.unwrap().unwrap();
    assert_eq!(one, everyone[0]);
}

async fn a_dry_run_says_the_same_and_does_nothing(t: Course) {
    let rows = [student_row(1), student_row(2)];
    let said = roster::dry_run(&t.db, &t.semester, &rows).await.unwrap();
    assert_eq!(said.counts(), (2, 0, 0));
    assert!(roster::everyone(&t.db, &t.semester).await.unwrap().is_empty());
    let done = roster::import(&t.db, &t.semester, &rows, None, 5).await.unwrap();
    for (said, done) in said.rows.iter().zip(&done.rows) {
        assert_eq!((said.line, &said.change), (done.line, &done.change));
    }
    let said = roster::dry_run(&t.db, &t.semester, &rows).await.unwrap();
    assert_eq!(said.counts(), (0, 0, 2));
}

async fn the_legi_number_identifies_a_student_in_the_next_semester(t: Course) {
    let person = t.student(1).await;
    let next = new_semester(&"FS2027".parse().unwrap(), date(2027, 2, 24));
    semesters::create(&t.db, &next, None, 9).await.unwrap();
    let mut row = student_row(1);
    row.email = "married@ethz.example".parse().unwrap();
    row.family_name = "Married".into();
    let done = roster::import(&t.db, &next.name, &[row], None, 10).await.unwrap();
    assert_eq!(done.rows[0].change, Change::Added { new_person: false });
    assert_eq!(done.rows[0].person.as_ref(), Some(&person));
    let renamed = people::by_id(&t.db, &person).await.unwrap().unwrap();
    assert_eq!(
        (renamed.family_name.as_str(), renamed.email.as_str()),
        ("Married", "married@ethz.example")
    );
}

async fn a_bad_row_is_named_and_nothing_is_imported(t: Course) {
    t.student(1).await;
    t.student(2).await;
    let with = |n: u64, change: fn(&mut RosterRow)| {
        let mut row = student_row(n);
        change(&mut row);
        row
    };
    let rows = [
        student_row(7),
        with(3, |row| row.legi = None),
        with(2, |row| row.email = "student1@ethz.example".parse().unwrap()),
        with(4, |row| row.email = "student7@ethz.example".parse().unwrap()),
        with(5, |row| row.legi = student_row(7).legi),
        with(6, |row| row.email = "student2@ethz.example".parse().unwrap()),
    ];
    let refused = roster::import(&t.db, &t.semester, &rows, None, 5).await;
    let Err(ImportError::Rows(faults)) = refused else { panic!("{refused:?}") };
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "line 5, legi: a student needs a Legi number",
            "line 4, email: student1@ethz.example belongs to someone else already",
            "line 6, email: student7@ethz.example is on line 9 already",
            "line 7, legi: 20-000-007 is on line 9 already",
            "line 8, legi: student2@ethz.example belongs to a person with another Legi number",
        ]
    );
    assert_eq!(roster::everyone(&t.db, &t.semester).await.unwrap().len(), 2);
    let nowhere = roster::import(&t.db, &"FS2030".parse().unwrap(), &rows, None, 5).await;
    assert!(matches!(nowhere, Err(ImportError::NoSuchSemester(_))));
}

async fn an_instructor_needs_no_legi_number(t: Course) {
    let mut row = student_row(1);
    row.role = Role::Instructor;
    row.legi = None;
    row.email = "office@ethz.example".parse().unwrap();
    let done = roster::import(&t.db, &t.semester, &[row.clone()], None, 5).await.unwrap();
    assert_eq!(done.rows[0].change, Change::Added { new_person: false }, "found by e-mail");
    let actor = people::actor(&t.db, &t.admin).await.unwrap().unwrap();
    assert_eq!((actor.admin, actor.role_in(&t.semester)), (true, Some(Role::Instructor)));
    let again = roster::import(&t.db, &t.semester, &[row], None, 6).await.unwrap();
    assert_eq!(again.counts(), (0, 0, 1));
}
