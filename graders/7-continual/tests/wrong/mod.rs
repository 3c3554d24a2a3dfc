//! Wrong solutions in Rust: each is right but for one slip. Their like in Python lie in `wrong/`.
