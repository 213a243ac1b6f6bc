//! Recovery of missed events of KuCoin private streams over REST, sans IO.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod books;
mod episode;
mod facts;
mod frame;
mod lines;
mod merge;
mod output;
mod queries;
mod recovery;
mod report;
mod seen;
mod settings;
mod sweep;
mod topics;

pub use facts::{EventFacts, Recoverable};
pub use output::{
    LiveReport, MissingPart, MissingReason, Outage, RecoveredFrame, RecoveryOutput, RecoverySource,
    SnapshotRow, VanishedOrder,
};
pub use queries::QueryId;
pub use recovery::Recovery;
pub use settings::RecoverySettings;
