//! `testat demo`: a semester to look at.
