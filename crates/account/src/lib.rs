//! The state of a KuCoin account, kept true from its private streams.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod audit;
mod balances;
mod book;
mod change;
mod effects;
mod exact;
mod frame;
mod margin;
mod orders;
mod parts;
mod positions;
mod serialize;
mod settings;
mod stamp;
mod state;
mod trust;
mod violation;

pub use audit::{AuditSettings, Discrepancy, Suspect, UnexplainedAmount};
pub use balances::AccountBalance;
pub use book::AccountBook;
pub use change::{AccountChange, PartTrust};
pub use frame::{FrameInfo, FrameRef};
pub use kucoin_streams_rest::{MarginMode, OrderType, PositionSide};
pub use margin::{
    AccountMargin, CrossMarginStatus, IsolatedMarginState, MarginSetting, UnifiedRisk,
};
pub use orders::{
    AccountFill, AccountOrder, ForcedTrade, OrderFee, OrderOutcome, OrderPhase, ParentOrder,
};
pub use parts::parts_of;
pub use positions::AccountPosition;
pub use settings::AccountSettings;
pub use state::{AccountState, Kept};
pub use trust::{AccountPart, StaleReason, Trust};
pub use violation::{AccountViolation, Contradiction};

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
