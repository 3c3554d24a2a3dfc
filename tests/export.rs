//! The admission list as a file.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{Cursor, Read};

use insta::assert_snapshot;
use testat::course::admission::{Admission, Basis, Rule, State};
use testat::course::result::{ProjectResult, Window};
use testat::course::{Digest, PersonId, ProjectNumber, SemesterName, Slug, Verdict};
use testat::export::{Format, List, Written, write};
use testat::store::results::AdmissionRow;

/// 2026-10-25 00:30 UTC: 02:30 in Zurich, for the first of two times that night.
const AT: i64 = 1_792_888_200_000;

fn result(number: i64, slug: &str, verdict: Option<Verdict>, window: Window) -> ProjectResult {
    ProjectResult {
        number: ProjectNumber::new(number).unwrap(),
        slug: slug.parse::<Slug>().unwrap(),
        verdict,
        since: verdict.map(|_| AT),
        overridden: false,
        excused: false,
        waiting: number == 4,
        window,
        due: AT,
        submissions: 1,
    }
}

fn written(format: Format) -> Written {
    let results = vec![
        result(1, "backprop", Some(Verdict::Passed), Window::Past),
        result(2, "hopfield", Some(Verdict::Failed), Window::Past),
        result(3, "spikes", None, Window::Past),
        result(4, "stdp", None, Window::Past),
        result(5, "bptt", None, Window::Open),
    ];
    let (semester, earlier): (SemesterName, SemesterName) =
        ("HS2026".parse().unwrap(), "HS2025".parse().unwrap());
    let open = Admission {
        state: State::Open,
        basis: Basis::Projects,
        rule: Rule::new(5, 5).unwrap(),
        excused: 0,
        passed: 1,
        missing: 4,
        since: None,
    };
    let carried = Admission {
        state: State::Admitted,
        basis: Basis::CarriedOver { semester: earlier },
        rule: Rule::new(5, 5).unwrap(),
        excused: 0,
        passed: 1,
        missing: 0,
        since: Some(AT + 3_600_000),
    };
    let row = |legi: &str, family_name: &str, first_name: &str, admission| AdmissionRow {
        person: PersonId::new(),
        legi: legi.parse().unwrap(),
        family_name: family_name.to_owned(),
        first_name: first_name.to_owned(),
        email: format!("{}@example.org", &legi[..2]).parse().unwrap(),
        department: "D-ITET".to_owned(),
        level: "MSc".to_owned(),
        projects: results.clone(),
        admission,
    };
    let rows = [
        row("12-345-678", "Müller, von", "Anna \"Änni\"", open),
        row("87-654-321", "=HYPERLINK(\"http://evil\")", "@SUM(A1)", carried),
    ];
    write(&List { semester: &semester, at: AT, rows: &rows }, format).unwrap()
}

#[test]
fn csv_has_inert_fields_and_marks_its_encoding() {
    let csv = written(Format::Csv);
    assert_eq!(csv.name, "admissions-HS2026.csv");
    assert_eq!(csv.digest, Digest::of(&csv.bytes));
    let text = String::from_utf8(csv.bytes).unwrap();
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
    let text = text.strip_prefix('\u{feff}').unwrap().replace("\r\n", "\n");
    assert_snapshot!(text, @r#"Legi number,Family name,First name,E-mail,Department,Level,1 backprop,2 hopfield,3 spikes,4 stdp,5 bptt,Passed,Missing,State,Basis,Since
12-345-678,"Müller, von","Anna ""Änni""",12@example.org,D-ITET,MSc,passed,failed,missing,waiting,open,1,4,open,projects,
87-654-321,"'=HYPERLINK(""http://evil"")",'@SUM(A1),87@example.org,D-ITET,MSc,passed,failed,missing,waiting,open,1,0,admitted,carried over from HS2025,2026-10-25T02:30:00+01:00"#);
}

#[test]
fn json_says_the_same() {
    let json = String::from_utf8(written(Format::Json).bytes).unwrap();
    assert_snapshot!(json, @r#"{
  "semester": "HS2026",
  "at": "2026-10-25T02:30:00+02:00",
  "students": [
    {
      "legi": "12-345-678",
      "family_name": "Müller, von",
      "first_name": "Anna \"Änni\"",
      "email": "12@example.org",
      "department": "D-ITET",
      "level": "MSc",
      "projects": [
        {
          "number": 1,
          "slug": "backprop",
          "result": "passed",
          "since": "2026-10-25T02:30:00+02:00",
          "overridden": false
        },
        {
          "number": 2,
          "slug": "hopfield",
          "result": "failed",
          "since": "2026-10-25T02:30:00+02:00",
          "overridden": false
        },
        {
          "number": 3,
          "slug": "spikes",
          "result": "missing",
          "since": null,
          "overridden": false
        },
        {
          "number": 4,
          "slug": "stdp",
          "result": "waiting",
          "since": null,
          "overridden": false
        },
        {
          "number": 5,
          "slug": "bptt",
          "result": "open",
          "since": null,
          "overridden": false
        }
      ],
      "passed": 1,
      "missing": 4,
      "state": "open",
      "basis": {
        "kind": "projects"
      },
      "since": null
    },
    {
      "legi": "87-654-321",
      "family_name": "=HYPERLINK(\"http://evil\")",
      "first_name": "@SUM(A1)",
      "email": "87@example.org",
      "department": "D-ITET",
      "level": "MSc",
      "projects": [
        {
          "number": 1,
          "slug": "backprop",
          "result": "passed",
          "since": "2026-10-25T02:30:00+02:00",
          "overridden": false
        },
        {
          "number": 2,
          "slug": "hopfield",
          "result": "failed",
          "since": "2026-10-25T02:30:00+02:00",
          "overridden": false
        },
        {
          "number": 3,
          "slug": "spikes",
          "result": "missing",
          "since": null,
          "overridden": false
        },
        {
          "number": 4,
          "slug": "stdp",
          "result": "waiting",
          "since": null,
          "overridden": false
        },
        {
          "number": 5,
          "slug": "bptt",
          "result": "open",
          "since": null,
          "overridden": false
        }
      ],
      "passed": 1,
      "missing": 0,
      "state": "admitted",
      "basis": {
        "kind": "carried_over",
        "semester": "HS2025"
      },
      "since": "2026-10-25T02:30:00+01:00"
    }
  ]
}"#);
}

#[test]
fn xlsx_keeps_text_as_text_and_the_heading_in_sight() {
    let xlsx = written(Format::Xlsx);
    let mut book = zip::ZipArchive::new(Cursor::new(&xlsx.bytes)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        book.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>"), "no formula");
    assert!(sheet.contains("state=\"frozen\""), "{sheet}");
    assert!(sheet.contains("<col min=\"1\" max=\"1\" width="), "{sheet}");
    assert!(part("xl/sharedStrings.xml").contains("<t>=HYPERLINK(\"http://evil\")</t>"));
    assert!(part("xl/workbook.xml").contains("name=\"Admissions HS2026\""));
}

#[test]
fn the_same_list_gives_the_same_bytes() {
    for format in [Format::Csv, Format::Xlsx, Format::Json] {
        let first = written(format);
        // Longer than the resolution of any time that could slip in.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(first, written(format));
    }
}
