//! Settings of the kept state.

use crate::AuditSettings;

/// Settings of the kept state of an account. The defaults suit most accounts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountSettings {
    /// Number of done orders that are kept; the one that ended first is dropped. Default: 1,000.
    pub max_done_orders: usize,
    /// Number of fills that are kept; the oldest is dropped. Default: 1,000.
    pub max_fills: usize,
    /// Settings of the audit; `None` switches it off. Default: on.
    pub audit: Option<AuditSettings>,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            max_done_orders: 1_000,
            max_fills: 1_000,
            audit: Some(AuditSettings::default()),
        }
    }
}
