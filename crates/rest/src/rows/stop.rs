//! Rows of spot and margin stop orders.
