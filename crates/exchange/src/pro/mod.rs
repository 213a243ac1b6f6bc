//! Pro V2: pushes rendered from the events of the same engine as V1, and answers to requests.

mod account_state;
mod channels;
pub(crate) mod frames;
mod login;
mod order;
mod render;
mod renderer;
mod request;
mod risk;
pub(crate) mod session;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use order::unified_id;
pub(crate) use renderer::{ProRenderer, Push};
