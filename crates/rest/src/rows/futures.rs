//! Rows of futures orders, fills, positions, accounts and ledgers.
