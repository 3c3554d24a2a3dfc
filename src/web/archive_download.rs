//! An archive back out, as received.

use std::io::Read;

use actix_web::HttpResponse;
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use bytes::Bytes;
use futures_util::stream;

use super::State;
use super::error::Result;
use crate::store::submissions::Submission;

const PIECE: usize = 64 << 10;

/// Streams the archive under the name it came with.
pub(super) async fn download(state: &State, submission: &Submission) -> Result<HttpResponse> {
    let file = state.blobs.get(&submission.digest).await?;
    let pieces = stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; PIECE];
            file.read(&mut piece).map(|count| {
                piece.truncate(count);
                (file, piece)
            })
        });
        match read.await.unwrap_or_else(|stopped| Err(std::io::Error::other(stopped))) {
            Ok((_, piece)) if piece.is_empty() => None,
            Ok((file, piece)) => Some((Ok(Bytes::from(piece)), Some(file))),
            Err(fault) => Some((Err(fault), None)),
        }
    });
    let named = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(submission.file_name.clone())],
    };
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header(named)
        .streaming(pieces))
}
