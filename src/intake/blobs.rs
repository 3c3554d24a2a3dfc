//! Blobs by digest.
