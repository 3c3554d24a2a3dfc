//! An archive back out, as received.

use std::io::Read;

use actix_web::HttpResponse;
use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
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
        parameters: vec![file_name(&submission.file_name)],
    };
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header(named)
        .streaming(pieces))
}

/// RFC 6266: a name beyond ASCII goes into `filename*`.
fn file_name(name: &str) -> DispositionParam {
    if name.is_ascii() {
        return DispositionParam::Filename(name.to_owned());
    }
    DispositionParam::FilenameExt(ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.as_bytes().to_vec(),
    })
}
