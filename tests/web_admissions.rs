//! The admission list over HTTP: the page and the files say the same.

use testat::clock::Clock;
use testat::course::{Digest, Verdict};
use testat::store::roster;

use crate::app::{ADA, OFFICE, SEMESTER, TestApp};
use crate::web_staff::{HEADER, decide, graded, semester, student_page};

/// The text of each cell of the admissions table, row by row.
fn table(html: &str) -> Vec<Vec<String>> {
    let (_, rest) = html.split_once("id=\"admissions\"").unwrap();
    let (_, body) = rest.split_once("<tbody>").unwrap();
    let body = body.split("</tbody>").next().unwrap();
    body.split("</tr>").filter(|row| row.contains("<td")).map(cells).collect()
}

fn cells(row: &str) -> Vec<String> {
    let end = row.replace("</th>", "</td>");
    end.split("</td>").map(text).take(end.matches("</td>").count()).collect()
}

fn text(html: &str) -> String {
    let parts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, after)| after));
    let plain = parts.collect::<String>();
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(plain, |text, (from, to)| text.replace(from, to))
    .trim()
    .to_owned()
}

#[tokio::test]
async fn the_admissions_page_shows_what_the_csv_export_has() {
    let app = TestApp::started().await;
    let csv =
        format!("{HEADER}\"D'Arc & <b>Söhne\",Zoë,12-345-690,zoe@example.org,D-MATH,MSc,student\n");
    let rows = testat::intake::roster::read(csv.as_bytes()).unwrap();
    roster::import(&app.db, &semester(), &rows, None, Clock.now()).await.unwrap();
    graded(&app, Verdict::Passed).await;
    let office = app.signed_in(OFFICE).await;
    let ada = student_page(&app, ADA).await;
    for project in ["1", "2", "3", "4", "5"] {
        assert_eq!(decide(&office, &ada, project, "passed").await, 303);
    }
    let zoe = student_page(&app, "zoe@example.org").await;
    assert_eq!(decide(&office, &zoe, "", "not_admitted").await, 303);

    let address = format!("/admin/semesters/{SEMESTER}/admissions");
    let shown = table(&office.page(&address).await);
    let file = office.page(&format!("{address}?format=csv")).await;
    let mut reader = csv::Reader::from_reader(file.trim_start_matches('\u{feff}').as_bytes());
    let held: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((shown.len(), held.len()), (3, 3), "{shown:?}");
    for (shown, held) in shown.iter().zip(&held) {
        // The file has e-mail, department and level too, and how many are missing.
        let mut expected: Vec<String> = held.iter().take(3).map(str::to_owned).collect();
        expected.extend(held.iter().skip(6).take(8).map(str::to_owned));
        expected.extend([held[15].replace('_', " "), held[16].to_owned()]);
        assert_eq!(shown[..13], expected, "{held:?}");
        assert_eq!(shown[13].is_empty(), held[17].is_empty(), "{shown:?} {held:?}");
    }
    let states: Vec<&str> = held.iter().map(|row| &row[15]).collect();
    assert_eq!(states, ["not_admitted", "admitted", "open"], "each kind was held against the page");
    assert_eq!(&held[2][6], "passed", "a verdict, not an override alone");
}

#[tokio::test]
async fn an_exported_file_comes_with_the_hash_that_is_signed() {
    let app = TestApp::started().await;
    let office = app.signed_in(OFFICE).await;
    for format in ["csv", "xlsx", "json"] {
        let path = format!("/admin/semesters/{SEMESTER}/admissions?format={format}");
        let response = office.get(&path).await;
        let named = response.headers()["x-content-sha256"].to_str().unwrap().to_owned();
        let saved = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(saved.contains(&format!("admissions-{SEMESTER}.{format}")), "{saved}");
        assert_eq!(Digest::of(&response.bytes().await.unwrap()).to_string(), named, "{format}");
    }
    let unknown = office.get(&format!("/admin/semesters/{SEMESTER}/admissions?format=doc")).await;
    assert_eq!(unknown.status(), 400);
}
