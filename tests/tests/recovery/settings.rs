//! Settings of the tests.

use std::time::Duration;

use kucoin_streams::RecoverySettings;

/// Returns delays ten times shorter than the defaults.
pub(crate) fn fast() -> RecoverySettings {
    let ms = Duration::from_millis;
    let mut settings = RecoverySettings::default();
    settings.row_delay = ms(100);
    settings.sweep_delays = [ms(300), ms(1000)];
    settings.late_delays = [ms(1000), ms(2000), ms(3000)];
    settings
}
