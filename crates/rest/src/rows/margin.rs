//! Rows of margin accounts, cross and isolated.
