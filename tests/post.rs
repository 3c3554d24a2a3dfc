//! Letters as they arrive: a mailbox folder of a test's own, and what is in the files.

use std::path::PathBuf;

use testat::mail::{Post, Step};
use testat::store::Db;

/// Where links in letters lead.
pub(crate) const BASE: &str = "https://testat.example.org";
const FROM: &str = "testat@example.org";

/// A mailbox folder, and the post that fills it.
pub(crate) struct Mailbox {
    post: Post,
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

/// A letter as a mail program reads it.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// Lines of the head, unfolded.
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
}

impl Mail {
    pub(crate) fn parse(raw: &str) -> Self {
        let raw = raw.replace("\r\n", "\n");
        let (head, body) = raw.split_once("\n\n").unwrap();
        let head: Vec<String> = head.replace("\n ", " ").lines().map(str::to_owned).collect();
        let coded = head.iter().any(|line| line == "Content-Transfer-Encoding: quoted-printable");
        let plain = head.iter().any(|line| line == "Content-Transfer-Encoding: 7bit");
        assert!(coded || plain, "{head:?}");
        Self { head, body: if coded { unquoted(body) } else { body.to_owned() } }
    }

    /// The one header of this name.
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let found: Vec<_> = self.head.iter().filter_map(|line| line.strip_prefix(&start)).collect();
        assert_eq!(found.len(), 1, "{name} in {:?}", self.head);
        found[0]
    }

    pub(crate) fn subject(&self) -> &str {
        self.header("Subject")
    }
}

/// What quoted-printable stands for.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            let code = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(code, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

impl Mailbox {
    pub(crate) fn empty() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("mailbox");
        let post = Post::to_folder(folder.clone(), &FROM.parse().unwrap(), BASE).unwrap();
        Self { post, folder, _parent: parent }
    }

    /// Sends whatever is due; says how many.
    pub(crate) async fn deliver(&self, db: &Db, now: i64) -> usize {
        let mut sent = 0;
        loop {
            match self.post.step(db, now).await.unwrap() {
                Step::Sent => sent += 1,
                Step::Idle => return sent,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Delivers, and takes all letters out that are addressed to this person.
    pub(crate) async fn take(&self, db: &Db, now: i64, email: &str) -> Vec<Mail> {
        self.deliver(db, now).await;
        let mut taken = Vec::new();
        for path in letters_in(&self.folder) {
            let mail = Mail::parse(&std::fs::read_to_string(&path).unwrap());
            if mail.header("To").ends_with(&format!("<{email}>")) {
                std::fs::remove_file(path).unwrap();
                taken.push(mail);
            }
        }
        taken
    }
}

/// The files of letters in the order in which they were written.
pub(crate) fn letters_in(folder: &std::path::Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "eml")).collect();
    found.sort();
    found
}
