//! Orders from literal frames.
