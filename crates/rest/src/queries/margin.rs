//! Queries of margin accounts, orders and fills.
