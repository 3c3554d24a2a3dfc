//! A client that dies in mid-upload leaves nothing, and nobody else notices.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{count, quick, submissions_of};
use crate::server::{PATIENCE, STUDENT, Server};

/// Half of an upload whose whole length was announced.
fn half_an_upload(server: &Server, token: &str) -> TcpStream {
    let address = server.url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\n\
         Host: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=cut\r\nContent-Length: 4000000\r\n\r\n\
         --cut\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"a.tar\"\r\n\r\n",
        submissions_of("backprop")
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![7; 2_000_000]).unwrap();
    stream.flush().unwrap();
    stream
}

/// Descriptors of the server's process on files in the folder of uploads.
fn uploads_open(server: &Server) -> usize {
    let incoming = server.data().join("incoming");
    let links = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    let targets = links.filter_map(|link| std::fs::read_link(link.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(&incoming)).count()
}

#[tokio::test]
async fn a_client_that_dies_in_mid_upload_leaves_nothing() {
    let server = Server::started(None);
    let token = server.token(STUDENT);
    let begun = Instant::now();
    for _ in 0..5 {
        let stream = half_an_upload(&server, &token);
        while uploads_open(&server) == 0 {
            assert!(begun.elapsed() < PATIENCE, "the upload never began");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(stream);
        while uploads_open(&server) > 0 {
            assert!(begun.elapsed() < PATIENCE, "the half upload is still held");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    assert_eq!(count(&server, &token).await, 0);
    assert_eq!(std::fs::read_dir(server.data().join("blobs/sha256")).unwrap().count(), 0);
    let whole = server.upload("backprop", &token, "a.tar", quick("after")).await;
    assert_eq!(whole.status(), 201);
}
