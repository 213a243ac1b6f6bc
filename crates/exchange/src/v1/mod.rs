//! V1: topics, pushes rendered as text frames, and answers to requests.

pub(crate) mod frames;
pub(crate) mod render;
pub(crate) mod request;
pub(crate) mod session;
pub(crate) mod topics;
