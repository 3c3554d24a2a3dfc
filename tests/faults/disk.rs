//! A full disk: uploads are refused with a sentence, gradings wait for a person or for room, and nothing
//! that was acknowledged is lost.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{count, quick};
use crate::server::{STUDENT, Server};

/// A small file system of its own below a folder; unmounted when dropped.
struct Small {
    folder: PathBuf,
}

impl Small {
    fn mounted(folder: PathBuf, mib: u32) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let size = format!("size={mib}m,mode=0711");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "testat-small"])
            .arg(&folder)
            .status()
            .unwrap();
        assert!(mount.success(), "mounting needs root");
        Self { folder }
    }

    /// Takes all the room but `free` bytes.
    fn fill(&self, free: u64) -> PathBuf {
        let stat = rustix::fs::statvfs(&self.folder).unwrap();
        let room = (stat.f_bavail * stat.f_frsize).saturating_sub(free);
        let file = self.folder.join("filler");
        std::fs::write(&file, vec![1; usize::try_from(room).unwrap()]).unwrap();
        file
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}

/// Uploads go to, and archives are kept on, a file system of 16 MiB.
fn on_a_small_disk(server: &Server) -> (Small, std::process::Command) {
    let small = Small::mounted(server.data().join("small"), 16);
    let mut command = server.command();
    command.env("TESTAT_BLOBS_URL", format!("file://{}/blobs", small.folder.display()));
    (small, command)
}

fn bulky(mib: usize) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let noise: Vec<u8> = (0..mib << 20).map(|at| (at * 31 % 251) as u8).collect();
    for (name, bytes) in [("solution.py", &b"raise SystemExit\n"[..]), ("noise.bin", &noise)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

#[tokio::test]
async fn an_upload_to_a_full_disk_is_refused_and_leaves_nothing() {
    let mut server = Server::prepared(None);
    let (small, command) = on_a_small_disk(&server);
    server.start_as(command);
    let token = server.token(STUDENT);
    let first = server.upload("backprop", &token, "a.tar", bulky(1)).await;
    assert_eq!(first.status(), 201);
    let place = first.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(server.graded(&token, &place).await["verdict"], "failed");
    let filler = small.fill(64 << 10);
    let refused = server.upload("backprop", &token, "b.tar", bulky(2)).await;
    assert_eq!(refused.status(), 503, "{}", refused.text().await.unwrap());
    assert!(refused.headers().contains_key("retry-after"));
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("disk"), "{problem}");
    assert_eq!(count(&server, &token).await, 1);
    let kept = files(&small.folder.join("blobs"));
    assert_eq!(kept.len(), 1, "parts of a refused upload stay: {kept:?}");
    std::fs::remove_file(filler).unwrap();
    let again = server.upload("backprop", &token, "b.tar", bulky(2)).await;
    assert_eq!(again.status(), 201);
    assert_eq!(count(&server, &token).await, 2);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn a_grading_without_room_is_tried_again_and_never_fails_the_student() {
    let mut server = Server::prepared(None);
    // The harnesses' programs lie there too.
    let small = Small::mounted(server.data().join("small"), 800);
    let mut command = server.command();
    command.env("TESTAT_BOX_DIR", small.folder.join("boxes")).stderr(Stdio::piped());
    server.start_as(command);
    let log = server.log();
    let token = server.token(STUDENT);
    let filler = small.fill(16 << 10);
    let sent = server.upload("backprop", &token, "a.tar", bulky(2)).await;
    assert_eq!(sent.status(), 201);
    let place = sent.headers()["location"].to_str().unwrap().to_owned();
    let mut lines = log.lines().map(Result::unwrap);
    let fault = lines.find(|line| line.contains("A grading has no verdict")).unwrap();
    assert!(fault.contains("No space left on device"), "{fault}");
    // Nobody would read the rest, and a full pipe would stop the server.
    std::thread::spawn(move || lines.for_each(drop));
    let submission = server.get(&token, &place).await;
    assert!(submission["gradings"][0]["verdict"].is_null(), "{submission:#}");
    std::fs::remove_file(filler).unwrap();
    let grading = server.graded(&token, &place).await;
    assert_eq!(grading["verdict"], "failed", "{grading:#}");
    assert_eq!(grading["report"]["checks"][0]["id"], "start");
    let other = server.upload("backprop", &token, "b.tar", quick("after")).await;
    assert_eq!(other.status(), 201);
}
