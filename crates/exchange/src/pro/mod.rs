//! The second generation of the streams, Pro V2: what is told of the account, and what a connection
//! answers. The engine is the same as behind V1, so that both tell the same truth.

mod books;
mod channels;
pub(crate) mod frames;
mod login;
mod order;
mod render;
mod request;
mod risk;
pub(crate) mod session;
mod streams;
mod teller;
#[cfg(test)]
mod tests;

pub(crate) use order::unified_id;
pub(crate) use teller::{Push, Teller};
