//! The roster as the course office sends it: a CSV with a header, from whatever program.
//!
//! [`read`] gives all rows or all that is wrong with them, never a part: what is imported is what
//! the file says. Comma, semicolon and tab are told apart by the header; UTF-8 with or without a
//! byte order mark.

use std::collections::HashMap;
use std::fmt;

use csv::StringRecord;

use crate::course::roster::RosterRow;
use crate::course::{Email, Legi, Role};

/// Characters that a name or a department may have.
const LONGEST: usize = 120;

/// A column that a roster has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Also `last name`, `surname`, `Nachname`.
    FamilyName,
    /// Also `given name`, `Vorname`.
    FirstName,
    /// Also `Legi number`, `matriculation number`, `Matrikelnummer`.
    Legi,
    /// Also `mail`, `e-mail address`.
    Email,
    /// Also `dept`, `Departement`.
    Department,
    /// Also `degree`, `Stufe`.
    Level,
    /// Also `Rolle`.
    Role,
}

impl Column {
    /// All of them, in the order of a roster that Testat itself writes.
    pub const ALL: [Self; 7] = [
        Self::FamilyName,
        Self::FirstName,
        Self::Legi,
        Self::Email,
        Self::Department,
        Self::Level,
        Self::Role,
    ];

    /// Its name in a header and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::FamilyName => "family name",
            Self::FirstName => "first name",
            Self::Legi => "Legi number",
            Self::Email => "e-mail",
            Self::Department => "department",
            Self::Level => "level",
            Self::Role => "role",
        }
    }

    /// The column that a header means; case, spaces, dashes and dots aside.
    fn of(header: &str) -> Option<Self> {
        let plain: String =
            header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Some(match plain.as_str() {
            "familyname" | "lastname" | "surname" | "nachname" | "familienname" => Self::FamilyName,
            "firstname" | "givenname" | "forename" | "vorname" => Self::FirstName,
            "legi"
            | "leginumber"
            | "legino"
            | "leginr"
            | "leginummer"
            | "matriculationnumber"
            | "matrikelnummer"
            | "studentnumber" => Self::Legi,
            "email" | "mail" | "emailaddress" | "mailaddress" | "emailadresse" => Self::Email,
            "department" | "dept" | "departement" => Self::Department,
            "level" | "degree" | "studylevel" | "levelofstudy" | "stufe" => Self::Level,
            "role" | "rolle" => Self::Role,
            _ => return None,
        })
    }
}

/// One thing that is wrong with a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCell {
    /// In the file, from 1; the header's for what concerns the whole file.
    pub line: u64,
    /// Which column; none for what concerns the row or the file.
    pub column: Option<Column>,
    /// What, and what was expected.
    pub what: String,
}

impl fmt::Display for BadCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", {}", column.name())?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Everything that is wrong with a roster, in the file's order. Nothing of it may be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the roster can't be imported:{}", lines(.0))]
pub struct BadRoster(pub Vec<BadCell>);

fn lines(cells: &[BadCell]) -> String {
    cells.iter().map(|cell| format!("\n  {cell}")).collect()
}

/// Reads a roster into the rows that [`crate::store::roster::import`] takes.
///
/// Every student has a Legi number, a department and a level; an instructor may have none. No Legi
/// number and no e-mail address comes twice.
pub fn read(bytes: &[u8]) -> Result<Vec<RosterRow>, BadRoster> {
    let text = decode(bytes).map_err(|bad| BadRoster(vec![bad]))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        Some(Err(error)) => return Err(whole(&error.to_string())),
        None => return Err(whole("the file is empty")),
    };
    let places = places(&header)?;
    let mut sieve = Sieve { places, width: header.len(), bad: Vec::new(), seen: HashMap::new() };
    let mut rows = Vec::new();
    let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
    for record in records {
        // Only text that is no UTF-8 or rows of unequal length fail here; both are ruled out.
        let record = record.map_err(|error| whole(&error.to_string()))?;
        let line = lines.of(&record);
        if record.iter().any(|cell| !cell.is_empty()) {
            rows.extend(sieve.row(line, &record));
        }
    }
    if rows.is_empty() && sieve.bad.is_empty() {
        return Err(whole("there is a header and nobody below it"));
    }
    if sieve.bad.is_empty() { Ok(rows) } else { Err(BadRoster(sieve.bad)) }
}

fn whole(what: &str) -> BadRoster {
    BadRoster(vec![BadCell { line: 1, column: None, what: what.to_owned() }])
}

fn decode(bytes: &[u8]) -> Result<&str, BadCell> {
    let bad = |line: u64, what: &str| BadCell { line, column: None, what: what.to_owned() };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(bad(1, "the file is UTF-16; save it as 'CSV UTF-8'"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        bad(line, "a character here is not UTF-8; save the file as 'CSV UTF-8'")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The separator that makes the most of the header.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let known = |separator: u8| {
        let cells = header.split(char::from(separator));
        cells.filter(|cell| Column::of(cell).is_some()).count()
    };
    // The first of equals: a comma is the common case.
    [b'\t', b';', b','].into_iter().max_by_key(|separator| known(*separator)).unwrap_or(b',')
}

/// Counts lines. The reader's own count takes the end of a line and blank lines for a part of the
/// row below.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Of a row; rows come in order.
    fn of(&mut self, record: &StringRecord) -> u64 {
        let start = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.text.get(self.at) {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// Where each column stands; refuses a header that lacks one or has one twice.
fn places(header: &StringRecord) -> Result<HashMap<Column, usize>, BadRoster> {
    let mut places = HashMap::new();
    let mut bad = Vec::new();
    for (place, cell) in header.iter().enumerate() {
        if let Some(column) = Column::of(cell)
            && places.insert(column, place).is_some()
        {
            let what = "the header has this column twice".to_owned();
            bad.push(BadCell { line: 1, column: Some(column), what });
        }
    }
    let missing: Vec<_> = Column::ALL
        .into_iter()
        .filter(|column| !places.contains_key(column))
        .map(Column::name)
        .collect();
    if !missing.is_empty() {
        let what = format!("the header lacks {}", missing.join(", "));
        bad.push(BadCell { line: 1, column: None, what });
    }
    if bad.is_empty() { Ok(places) } else { Err(BadRoster(bad)) }
}

/// Reads rows one by one and gathers what is wrong.
struct Sieve {
    places: HashMap<Column, usize>,
    width: usize,
    bad: Vec<BadCell>,
    /// What must be unique, and the line it was on.
    seen: HashMap<(Column, String), u64>,
}

impl Sieve {
    fn row(&mut self, line: u64, record: &StringRecord) -> Option<RosterRow> {
        let before = self.bad.len();
        if !self.fits(line, record) {
            return None;
        }
        let cell = |column: Column| {
            self.places.get(&column).and_then(|place| record.get(*place)).unwrap_or("")
        };
        let [family_name, first_name, legi, email, department, level, role] =
            Column::ALL.map(|column| (column, cell(column).to_owned()));
        let role_text = role.1.to_lowercase();
        // Where the role can't be read, only what holds for both is asked.
        let student = role_text.parse() == Ok(Role::Student);
        let family_name = self.text(line, family_name, true);
        let first_name = self.text(line, first_name, true);
        let legi = match legi.1.as_str() {
            "" if student => {
                self.wrong(line, legi.0, "is missing; every student needs one".to_owned());
                None
            }
            "" => None,
            text => self.parse::<Legi>(line, legi.0, text),
        };
        let email = self.parse::<Email>(line, email.0, &email.1);
        let department = self.text(line, department, student);
        let level = self.text(line, level, student);
        let role = self.parse::<Role>(line, role.0, &role_text);
        if let Some(legi) = &legi {
            self.unique(line, Column::Legi, legi.as_str());
        }
        if let Some(email) = &email {
            self.unique(line, Column::Email, email.as_str());
        }
        if self.bad.len() > before {
            return None;
        }
        Some(RosterRow {
            line,
            family_name,
            first_name,
            legi,
            email: email?,
            department,
            level,
            role: role?,
        })
    }

    fn fits(&mut self, line: u64, record: &StringRecord) -> bool {
        let fits = record.len() == self.width;
        if !fits {
            let what = format!(
                "there are {} cells and {} in the header; is a separator or a quotation mark \
                 missing?",
                record.len(),
                self.width
            );
            self.bad.push(BadCell { line, column: None, what });
        }
        fits
    }

    fn wrong(&mut self, line: u64, column: Column, what: String) {
        self.bad.push(BadCell { line, column: Some(column), what });
    }

    fn text(&mut self, line: u64, (column, text): (Column, String), needed: bool) -> String {
        if needed && text.is_empty() {
            self.wrong(line, column, "is missing".to_owned());
        } else if text.contains(['\n', '\r']) {
            let what = "holds a line break; is a quotation mark missing?";
            self.wrong(line, column, what.to_owned());
        } else if text.chars().any(char::is_control) {
            self.wrong(line, column, "holds a control character".to_owned());
        } else if text.chars().count() > LONGEST {
            self.wrong(line, column, format!("is longer than {LONGEST} characters"));
        }
        text
    }

    fn parse<T: std::str::FromStr<Err: fmt::Display>>(
        &mut self,
        line: u64,
        column: Column,
        text: &str,
    ) -> Option<T> {
        if text.is_empty() {
            self.wrong(line, column, "is missing".to_owned());
            return None;
        }
        // The parser's error repeats the text, and may end up on a terminal.
        if text.chars().any(char::is_control) {
            self.wrong(line, column, "holds a control character".to_owned());
            return None;
        }
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(line, column, error.to_string());
                None
            }
        }
    }

    fn unique(&mut self, line: u64, column: Column, text: &str) {
        if let Some(first) = self.seen.get(&(column, text.to_owned())) {
            let what = format!("{text} is on line {first} already");
            self.wrong(line, column, what);
        } else {
            self.seen.insert((column, text.to_owned()), line);
        }
    }
}
