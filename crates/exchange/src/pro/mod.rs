//! The second generation of the streams, Pro V2: what is pushed of the account, and what a connection
//! answers. It renders the events of the same engine as V1.

mod books;
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
