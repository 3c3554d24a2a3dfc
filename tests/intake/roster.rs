//! Rosters: what is read, and how all that is wrong is named at once.

use insta::assert_snapshot;
use testat::course::Role;
use testat::intake::roster::read;

const HEADER: &str = "Family name,First name,Legi number,E-mail,Department,Level,Role\n";

fn wrong(text: &str) -> String {
    read(text.as_bytes()).unwrap_err().to_string()
}

fn wrong_row(row: &str) -> String {
    wrong(&format!("{HEADER}{row}\n"))
}

#[test]
fn a_roster_is_read_from_whatever_program() {
    let comma = format!(
        "{HEADER}Müller,\"Anna, Maria\",12-345-678,Anna.Mueller@example.org,D-ITET,MSc,student\n\
         Curie,Marie,,marie@example.org,,,instructor\n"
    );
    let semicolon = "\u{feff}Nachname;Vorname;Matrikelnummer;E-Mail;Departement;Stufe;Rolle;Remark\r\n\
                     Müller;Anna, Maria;12345678; anna.mueller@example.org ;D-ITET;MSc;Student;x\r\n\
                     ;;;;;;;\r\n\
                     Curie;Marie;;marie@example.org;;;instructor;\r\n";
    let tab = comma
        .replace("\"Anna, Maria\"", "Anna\u{1}")
        .replace(',', "\t")
        .replace('\u{1}', ", Maria");
    for text in [comma.as_str(), semicolon, &tab] {
        let rows = read(text.as_bytes()).unwrap();
        let [student, instructor] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(
            (student.family_name.as_str(), student.first_name.as_str()),
            ("Müller", "Anna, Maria")
        );
        assert_eq!(student.legi.as_ref().unwrap().as_str(), "12-345-678");
        assert_eq!(student.email.as_str(), "anna.mueller@example.org");
        assert_eq!((student.department.as_str(), student.level.as_str()), ("D-ITET", "MSc"));
        assert_eq!((student.role, student.line), (Role::Student, 2));
        assert_eq!((instructor.role, instructor.legi.is_none()), (Role::Instructor, true));
        assert_eq!(instructor.line, if text == semicolon { 4 } else { 3 });
    }
}

#[test]
fn everything_wrong_is_named_by_line_and_column_at_once() {
    let text = format!(
        "{HEADER}\
         Meier,Anna,12-345-67,anna@example.org,D-ITET,MSc,student\n\
         ,Beat,,beat at example.org,D-ITET,,student\n\
         Good,Row,11-111-111,good@example.org,D-INFK,BSc,student\n\
         Twice,Row,11111111,GOOD@example.org,D-INFK,BSc,student\n\
         Short,Row,22-222-222\n\
         Guest,Row,33-333-333,guest@example.org,D-INFK,BSc,guest\n\
         \"Torn,Row,44-444-444,torn@example.org,D-INFK,BSc,student\n"
    );
    assert_snapshot!(wrong(&text), @"the roster can't be imported:
  line 2, Legi number: `12-345-67` is not a Legi number such as 12-345-678
  line 3, family name: is missing
  line 3, Legi number: is missing; every student needs one
  line 3, e-mail: `beat at example.org` is not an e-mail address
  line 3, level: is missing
  line 5, Legi number: 11-111-111 is on line 4 already
  line 5, e-mail: good@example.org is on line 4 already
  line 6: there are 3 cells and 7 in the header; is a separator or a quotation mark missing?
  line 7, role: `guest` is not a role: student or instructor
  line 8: there are 1 cells and 7 in the header; is a separator or a quotation mark missing?");
}

#[test]
fn a_header_must_have_every_column_once() {
    assert_snapshot!(wrong("Name,Mail\nx,y\n"), @"the roster can't be imported:
  line 1: the header lacks family name, first name, Legi number, department, level, role");
    assert_snapshot!(wrong(&HEADER.replace("Level", "e-mail address")), @"the roster can't be imported:
  line 1, e-mail: the header has this column twice
  line 1: the header lacks level");
    assert_snapshot!(wrong(""), @"the roster can't be imported:
  line 1: the file is empty");
    assert_snapshot!(wrong(HEADER), @"the roster can't be imported:
  line 1: there is a header and nobody below it");
}

#[test]
fn a_file_in_another_encoding_is_refused() {
    let latin =
        [HEADER.as_bytes(), b"M\xfcller,Anna,12-345-678,a@example.org,D-ITET,MSc,student\n"]
            .concat();
    assert_snapshot!(read(&latin).unwrap_err().to_string(), @"the roster can't be imported:
  line 2: a character here is not UTF-8; save the file as 'CSV UTF-8'");
    assert_snapshot!(read(b"\xff\xfeF\0a\0").unwrap_err().to_string(), @"the roster can't be imported:
  line 1: the file is UTF-16; save it as 'CSV UTF-8'");
}

#[test]
fn control_characters_and_endless_names_are_refused() {
    assert_snapshot!(wrong_row("Me\u{7}ier,Anna,12-345-678,a@example.org,D-ITET,MSc,student"), @"the roster can't be imported:
  line 2, family name: holds a control character");
    assert_snapshot!(wrong_row("Meier,Anna,12-345-678,\u{1b}[2J,D-ITET,MSc,student"), @"the roster can't be imported:
  line 2, e-mail: holds a control character");
    let long = "x".repeat(121);
    assert_snapshot!(wrong_row(&format!("{long},Anna,12-345-678,a@example.org,D-ITET,MSc,student")), @"the roster can't be imported:
  line 2, family name: is longer than 120 characters");
}
