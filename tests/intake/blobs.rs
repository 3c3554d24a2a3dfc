//! Blobs: what was put is there, whole, and nothing else is handed out.

use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use testat::course::Digest;
use testat::intake::Trouble;
use testat::intake::archive::Rejected;
use testat::intake::blobs::{BlobError, Blobs, Received};

async fn receive(blobs: &Blobs, bytes: &[u8]) -> Received {
    let mut upload = blobs.begin(u64::MAX).await.unwrap();
    for piece in bytes.chunks(70_000) {
        upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    upload.finish().await.unwrap()
}

fn in_folder(folder: &Path) -> Blobs {
    let url = format!("file://{}", folder.join("deep/blobs").display());
    Blobs::open(&url, &folder.join("incoming")).unwrap()
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn what_is_put_comes_back_under_its_sha256() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = in_folder(folder.path());
    for bytes in [b"".to_vec(), b"abc".to_vec(), vec![7; 1_000_001]] {
        let digest = blobs.put(&receive(&blobs, &bytes).await).await.unwrap();
        assert_eq!(digest, Digest::of(&bytes));
        let mut back = Vec::new();
        blobs.get(&digest).await.unwrap().read_to_end(&mut back).unwrap();
        assert!(back == bytes);
    }
    assert_eq!(
        Digest::of(b"abc").as_str(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(files(&folder.path().join("deep/blobs/sha256")), 3);
    assert_eq!(
        files(&folder.path().join("incoming")),
        0,
        "an upload has no name before it is kept"
    );
}

#[tokio::test]
async fn putting_the_same_again_is_harmless_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = in_folder(folder.path());
    let received = receive(&blobs, b"solution").await;
    let (one, two) = tokio::join!(blobs.put(&received), blobs.put(&received));
    let digest = one.unwrap();
    assert_eq!(digest, two.unwrap());
    let path = folder.path().join("deep/blobs/sha256").join(digest.as_str());
    assert_eq!(files(path.parent().unwrap()), 1, "nothing half-written beside it");

    std::fs::write(&path, b"tampered").unwrap();
    let error = blobs.verify(&digest).await.unwrap_err();
    assert!(
        matches!(&error, BlobError::Corrupt { found, .. } if *found == Digest::of(b"tampered"))
    );
    blobs.put(&received).await.unwrap();
    blobs.verify(&digest).await.unwrap();
}

#[tokio::test]
async fn what_was_never_put_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = in_folder(folder.path());
    let error = blobs.get(&Digest::of(b"nothing")).await.unwrap_err();
    assert!(matches!(error, BlobError::Missing(_)), "{error}");
}

#[tokio::test]
async fn an_upload_stops_at_its_cap() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = in_folder(folder.path());
    let mut upload = blobs.begin(10).await.unwrap();
    upload.write(Bytes::from_static(b"0123456789")).await.unwrap();
    let error = upload.write(Bytes::from_static(b"!")).await.unwrap_err();
    assert!(matches!(error, Trouble::Rejected(Rejected::TooLarge { limit: 10 })));
    drop(upload);
    assert_eq!(files(&folder.path().join("incoming")), 0);
}

#[test]
fn a_place_that_is_not_known_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let why = |url: &str| Blobs::open(url, folder.path()).unwrap_err().to_string();
    insta::assert_snapshot!(why("ftp://host/x"), @"blobs can't be kept at 'ftp://host/x': only a folder, file:// and s3:// are known");
    if !cfg!(feature = "s3") {
        insta::assert_snapshot!(why("s3://bucket/x"), @"blobs can't be kept at 's3://bucket/x': this testat was built without S3; build it with --features s3");
    }
}
