//! Rows of a unified account.
