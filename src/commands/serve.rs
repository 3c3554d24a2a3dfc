//! `testat serve` and `testat worker`.
