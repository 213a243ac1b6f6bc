//! Queries of a unified account.
