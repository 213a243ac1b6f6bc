//! Query types: one endpoint each.

pub mod account;
pub mod futures;
pub mod margin;
pub mod spot;
pub mod stop;
pub mod unified;

#[cfg(test)]
mod classic_tests;
