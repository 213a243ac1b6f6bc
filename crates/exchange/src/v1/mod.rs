//! The first generation of the streams: text frames, topics, and what a connection answers.

pub(crate) mod frames;
pub(crate) mod render;
pub(crate) mod request;
pub(crate) mod session;
pub(crate) mod topics;
