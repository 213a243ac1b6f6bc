//! Behaviour of the kept state: literal frames and rows, and lives of the local exchange's engine.

#![allow(clippy::unwrap_used, clippy::panic)]

mod balances;
mod keeper;
mod lives;
mod margin;
mod order_families;
mod order_limits;
mod order_rows;
mod orders_futures;
mod orders_pro;
mod orders_recovered;
mod orders_spot;
mod positions;
mod support;
mod violations;
