//! Archives that nobody names, as a kill between bytes and name leaves them: gone after the next start,
//! unless another upload may be about to name them.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use testat::course::Digest;

use super::quick;
use crate::server::{PATIENCE, STUDENT, Server};

fn lay(server: &Server, bytes: &[u8], age: Duration) -> PathBuf {
    let path = server.data().join("blobs/sha256").join(Digest::of(bytes).as_str());
    std::fs::write(&path, bytes).unwrap();
    set_age(&path, age);
    path
}

pub(crate) fn set_age(path: &std::path::Path, age: Duration) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[tokio::test]
async fn an_archive_that_nobody_names_goes_and_one_that_counts_stays() {
    let mut server = Server::started(None);
    let token = server.token(STUDENT);
    let named = quick("named");
    let sent = server.upload("backprop", &token, "a.tar", named.clone()).await;
    let place = sent.headers()["location"].to_str().unwrap().to_owned();
    server.graded(&token, &place).await;
    server.kill();
    let hours = Duration::from_secs(7200);
    let orphan = lay(&server, b"cut off", hours);
    let half = PathBuf::from(format!("{}#1", orphan.display()));
    std::fs::write(&half, "cut o").unwrap();
    set_age(&half, hours);
    let young = lay(&server, b"about to be named", Duration::from_secs(60));
    let kept = lay(&server, &named, hours);
    server.start();
    let begun = Instant::now();
    while orphan.exists() || half.exists() {
        assert!(begun.elapsed() < PATIENCE, "it is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(young.exists() && kept.exists());
}
