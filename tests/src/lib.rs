//! Cross-crate behaviour of the SDK: see the files of `tests/`.
