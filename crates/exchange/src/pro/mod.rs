//! Pro V2: pushes rendered from the events of the same engine as V1, and answers to requests.

pub(crate) mod account_state;
mod channels;
pub(crate) mod frames;
mod login;
pub(crate) mod order;
pub(crate) mod render;
mod renderer;
mod request;
pub(crate) mod risk;
pub(crate) mod session;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use order::unified_id;
pub(crate) use renderer::{ProRenderer, Push};
