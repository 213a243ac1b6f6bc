//! Rows of accounts, their ledgers, and the API key.
