//! Queries of spot and margin stop orders.
