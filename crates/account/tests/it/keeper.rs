//! A book that takes frames and rows, and returns what has changed.

use std::sync::Arc;

use kucoin_streams_account::{
    AccountBalance, AccountBook, AccountChange, AccountMargin, AccountPosition, AccountSettings,
    AccountState, AccountViolation, FrameInfo,
};
use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_v1::V1Event;

pub(crate) const SPOT: WsKey = WsKey::SpotPrivateV1;
pub(crate) const FUTURES: WsKey = WsKey::FuturesPrivateV1;
pub(crate) const PRO: WsKey = WsKey::PrivateProV2;

/// Local time of all frames and rows.
const NOW: Timestamp = Timestamp::from_nanos(1_752_400_900_000_000_000);

/// A decoded frame, or a row.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    V1(String),
    Recovered(String),
    Pro(String),
    Row(SnapshotRow),
}

/// A book without an audit.
pub(crate) struct Keeper(AccountBook);

/// What an item has changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) balances: Vec<Arc<AccountBalance>>,
    pub(crate) positions: Vec<Arc<AccountPosition>>,
    pub(crate) margin: Vec<Arc<AccountMargin>>,
    pub(crate) violations: Vec<Arc<AccountViolation>>,
}

impl Changes {
    #[track_caller]
    pub(crate) fn is_nothing(&self) {
        let counts = [self.balances.len(), self.positions.len(), self.margin.len()];
        assert_eq!((counts, self.violations.len()), ([0; 3], 0), "{self:?}");
    }
}

impl Keeper {
    pub(crate) fn new() -> Self {
        let mut settings = AccountSettings::default();
        settings.audit = None;
        Self(AccountBook::new(settings, [], NOW))
    }

    #[track_caller]
    pub(crate) fn v1(&mut self, frame: &str) -> Changes {
        self.take(&Item::V1(frame.to_owned()))
    }

    #[track_caller]
    pub(crate) fn pro(&mut self, frame: &str) -> Changes {
        self.take(&Item::Pro(frame.to_owned()))
    }

    #[track_caller]
    pub(crate) fn recovered(&mut self, frame: &str) -> Changes {
        self.take(&Item::Recovered(frame.to_owned()))
    }

    #[track_caller]
    pub(crate) fn row(&mut self, row: SnapshotRow) -> Changes {
        self.take(&Item::Row(row))
    }

    #[track_caller]
    pub(crate) fn take(&mut self, item: &Item) -> Changes {
        match item {
            Item::V1(frame) => self.take_v1(frame, None),
            Item::Recovered(frame) => match frame.starts_with(r#"{"T""#) {
                true => self.take_pro(frame, Some("/api/ua/{v}/account/ledger")),
                false => self.take_v1(frame, Some("/api/v1/hf/accounts/ledgers")),
            },
            Item::Pro(frame) => self.take_pro(frame, None),
            Item::Row(row) => self.0.on_snapshot(row),
        }
        self.changes()
    }

    #[track_caller]
    fn take_v1(&mut self, frame: &str, source: Option<&'static str>) {
        let push = kucoin_streams_v1::decode(frame).unwrap().unwrap();
        let ws_key = match &push.event {
            V1Event::Futures(_) => FUTURES,
            _ => SPOT,
        };
        let mut info = FrameInfo::live(ws_key, &*push.topic, NOW);
        info.pushed_at = push.pushed_at;
        info.source = source;
        self.0.on_v1(&info, &push.event);
    }

    #[track_caller]
    fn take_pro(&mut self, frame: &str, source: Option<&'static str>) {
        let push = kucoin_streams_pro::decode(frame).unwrap().unwrap();
        let mut info = FrameInfo::live(PRO, &*push.topic, NOW);
        info.pushed_at = push.pushed_at;
        info.source = source;
        self.0.on_pro(&info, &push.event);
    }

    pub(crate) fn state(&self) -> AccountState {
        self.0.state()
    }

    fn changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        while let Some(change) = self.0.next_change() {
            match change {
                AccountChange::Balance(row) => changes.balances.push(row),
                AccountChange::Position(row) => changes.positions.push(row),
                AccountChange::Margin(status) => changes.margin.push(status),
                AccountChange::Violation(violation) => changes.violations.push(violation),
                other => panic!("{other:?}"),
            }
        }
        changes
    }
}

/// Returns a row that was read at a time, in seconds.
pub(crate) fn row(ws_key: WsKey, topic: &str, source: &'static str, data: &str) -> SnapshotRow {
    SnapshotRow::new((ws_key, topic), source, (NOW, NOW), data)
}

/// Returns the time of a millisecond after a fixed moment, as text.
pub(crate) fn ms(at: i64) -> i64 {
    1_752_400_000_000 + at
}

pub(crate) fn time(at: i64) -> Option<Timestamp> {
    Timestamp::from_wire(ms(at))
}

/// Returns the items in the order of their times.
pub(crate) fn sorted(items: &[(String, i64, Item)]) -> Vec<Item> {
    let mut sorted = items.to_vec();
    sorted.sort_by_key(|(_, at, _)| *at);
    sorted.into_iter().map(|(.., item)| item).collect()
}

/// Returns the items in another order: those of one row and time keep their order. Some are doubled.
///
/// Each item has its row and time; `picks` decides.
pub(crate) fn shuffled(items: &[(String, i64, Item)], picks: &[u16]) -> Vec<Item> {
    let mut left: Vec<_> = items.iter().collect();
    let mut taken: Vec<&Item> = Vec::new();
    let mut picks = picks.iter().cycle().map(|pick| usize::from(*pick));
    while !left.is_empty() {
        let pick = picks.next().unwrap_or_default();
        if pick % 5 == 0 && !taken.is_empty() {
            taken.push(taken[pick / 5 % taken.len()]);
        }
        let (row, time, _) = left[pick % left.len()];
        let first = left
            .iter()
            .position(|item| (&item.0, item.1) == (row, *time));
        taken.push(&left.remove(first.unwrap_or_default()).2);
    }
    taken.into_iter().cloned().collect()
}
