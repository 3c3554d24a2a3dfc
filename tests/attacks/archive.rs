//! Archives of the corpus, each put together from its recipe and uploaded to a real server: it is
//! refused with the words that its entry names, and nothing of it is kept.

use std::path::Path;
use std::time::{Duration, Instant};

use regex::Regex;
use serde::Deserialize;

use super::host::{assert_clean, descriptors};
use super::seen::Seen;
use super::{entry, names};
use crate::intake::build::{Tar, Zipped, gzip, pax, tar_header, zip};
use crate::server::{STUDENT, Server};

const FAMILY: &str = "archives";

/// How to make an archive, and what must be seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    /// In words.
    tries: String,
    /// The file's name.
    upload: String,
    #[serde(default = "unprocessable")]
    status: u16,
    /// What the answer must match.
    says: String,
    #[serde(default)]
    zip: Vec<InZip>,
    #[serde(default)]
    tar: Vec<InTar>,
    /// The tar is packed.
    #[serde(default)]
    gzip: bool,
    /// There is no archive, only what is before and after it.
    #[serde(default)]
    bare: bool,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
    /// So many bytes are missing at its end.
    #[serde(default)]
    cut: usize,
}

fn unprocessable() -> u16 {
    422
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InZip {
    name: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    zeros: usize,
    /// So many of them, numbered.
    #[serde(default)]
    repeat: usize,
    own_name: Option<String>,
    mode: Option<u32>,
    size: Option<u32>,
    crc: Option<u32>,
    flags: Option<u16>,
    method: Option<u16>,
    at: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InTar {
    name: String,
    #[serde(default = "file")]
    kind: char,
    #[serde(default)]
    body: String,
    #[serde(default)]
    zeros: usize,
    /// Where a link leads.
    #[serde(default)]
    link: String,
    /// Key and value of an extended header.
    pax: Option<(String, String)>,
}

fn file() -> char {
    '0'
}

impl Recipe {
    fn bytes(&self) -> Vec<u8> {
        let archive = match (self.bare, self.tar.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => self.as_zip(),
            (false, false) if self.gzip => gzip(&self.as_tar()),
            (false, false) => self.as_tar(),
        };
        let mut bytes = self.before.clone().into_bytes();
        bytes.extend(archive);
        bytes.extend(self.after.bytes());
        bytes.truncate(bytes.len() - self.cut);
        bytes
    }

    fn as_zip(&self) -> Vec<u8> {
        let mut entries = vec![Zipped::file("solution.py", b"x = 1\n")];
        for entry in &self.zip {
            let body = [entry.body.as_bytes(), &vec![0; entry.zeros]].concat();
            let whole = Zipped::file(&entry.name, &body);
            let made = Zipped {
                own_name: entry.own_name.clone().map(String::into_bytes),
                mode: entry.mode.unwrap_or(whole.mode),
                size: entry.size.unwrap_or(whole.size),
                crc: entry.crc.unwrap_or(whole.crc),
                flags: entry.flags.unwrap_or(whole.flags),
                method: entry.method.unwrap_or(whole.method),
                at: entry.at,
                ..whole
            };
            let numbered = (0..entry.repeat).map(|n| Zipped {
                name: format!("{}{n}", entry.name).into_bytes(),
                ..made.clone()
            });
            entries.extend(numbered);
            if entry.repeat == 0 {
                entries.push(made);
            }
        }
        zip(&entries)
    }

    fn as_tar(&self) -> Vec<u8> {
        let mut tar = Tar::default().file("solution.py", b"x = 1\n");
        for entry in &self.tar {
            let mut body = [entry.body.as_bytes(), &vec![0; entry.zeros]].concat();
            if let Some((key, value)) = &entry.pax {
                body = pax(key, value);
            }
            let kind = u8::try_from(entry.kind).unwrap();
            tar = if entry.link.is_empty() {
                tar.entry(kind, entry.name.as_bytes(), &body)
            } else {
                let mut header = tar_header(entry.name.as_bytes(), kind, 0);
                header[157..157 + entry.link.len()].copy_from_slice(entry.link.as_bytes());
                crate::intake::build::checksum(&mut header);
                tar.raw(&header)
            };
        }
        tar.end()
    }
}

#[tokio::test]
async fn archives_are_refused_and_nothing_of_them_is_kept() {
    let mut server = Server::prepared(None);
    let mut command = server.command();
    command.env("TESTAT_WORKERS", "0");
    server.start_as(command);
    let token = server.token(STUDENT);
    assert!(server.get(&token, "/api/v1/me").await["email"].is_string());
    let before = descriptors(server.pid());
    for name in names(FAMILY) {
        let recipe: Recipe = entry(FAMILY, &name);
        let begun = Instant::now();
        let response = server.upload("backprop", &token, &recipe.upload, recipe.bytes()).await;
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} took {:?}", begun.elapsed());
        assert_eq!(status, recipe.status, "{name}: {text}");
        let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
        let reason = problem["detail"].as_str().unwrap();
        let says = Regex::new(&recipe.says).unwrap();
        assert!(says.is_match(reason), "{name}: `{reason}` does not say `{says}`");
        let controls =
            reason.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(!controls, "{name}: {reason:?}");
        assert_eq!(kept(&server.data().join("incoming")), 0, "{name} left a file");
        assert_eq!(kept(&server.data().join("blobs")), 0, "{name} was kept");
        let verdict = format!("{status}");
        let (by, verdict) = ("the upload's inspection", verdict.as_str());
        Seen { family: FAMILY, name: &name, tries: &recipe.tries, by, verdict, reason }.tell();
    }
    let honest = server.upload("backprop", &token, "solution.py", b"x = 1\n".to_vec()).await;
    assert_eq!(honest.status(), 201);
    drop(honest);
    assert_eq!(settled(server.pid(), before), before, "descriptors of the server");
    assert_clean(server.pid());
    assert!(!Path::new("/etc/cron.d/evil").exists());
}

/// Files below a folder.
fn kept(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        count += if path.is_dir() { kept(&path) } else { 1 };
    }
    count
}

/// Descriptors once there are no more than before, or after as long as closing may take.
fn settled(pid: u32, before: usize) -> usize {
    let begun = Instant::now();
    while descriptors(pid) > before && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    descriptors(pid)
}
