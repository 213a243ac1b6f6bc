//! What an event or a row says about a balance.

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro as pro;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest as rest;
use kucoin_streams_v1 as v1;
use rest::{AccountRow, FuturesAccountRow, MarginCurrencyRow, UnifiedBalanceRow};

use super::AccountBalance;
use crate::FrameInfo;
use crate::exact::add;
use crate::stamp::Stamp;

/// An amount of a balance, as an index of [`Amounts`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    Total,
    Available,
    Hold,
    Equity,
    Liability,
    PositionMargin,
    OrderMargin,
    UnrealisedPnl,
}

/// Number of amounts of a balance.
pub(super) const AMOUNTS: usize = 8;

/// The amounts of a report.
pub(super) type Amounts = [Option<Decimal>; AMOUNTS];

/// What a report is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A pushed frame.
    Live,
    /// A booking of a ledger, fetched after a gap.
    Booking,
    /// A row of the state, with the time of the request.
    Row(Timestamp),
}

/// A report about one currency of one account.
#[derive(Clone, Debug)]
pub(super) struct BalanceReport<'e> {
    pub(super) ws_key: WsKey,
    /// Name of the account; `None` if the report has only its ID.
    pub(super) account: Option<Text>,
    pub(super) account_id: Option<Text>,
    pub(super) currency: Text,
    pub(super) amounts: Amounts,
    /// The report has all amounts that the account has: an absent one is no longer reported.
    pub(super) is_full: bool,
    /// A balance whose amounts are all zero is not worth a new row.
    pub(super) skips_unused: bool,
    pub(super) stamp: Stamp,
    /// Subject of the frame; `balance` for a row.
    subject: &'static str,
    /// Account and reason of the change.
    relation: Option<&'e v1::RelationEvent>,
    /// ID of the change; `None` if KuCoin sends none.
    pub(super) event_id: Option<Text>,
    pub(super) origin: Origin,
}

impl BalanceReport<'_> {
    fn new(ws_key: WsKey, account: impl Into<Text>, currency: Text, stamp: Stamp) -> Self {
        Self {
            ws_key,
            account: Some(account.into()),
            account_id: None,
            currency,
            amounts: Amounts::default(),
            is_full: false,
            skips_unused: false,
            stamp,
            subject: "balance",
            relation: None,
            event_id: None,
            origin: Origin::Live,
        }
    }

    fn of_row(row: &SnapshotRow, account: impl Into<Text>, currency: Text) -> Self {
        Self {
            origin: Origin::Row(row.taken_at.0),
            ..Self::new(row.ws_key, account, currency, Stamp::default())
        }
    }

    fn with(mut self, amounts: impl IntoIterator<Item = (Amount, Option<Decimal>)>) -> Self {
        for (amount, value) in amounts {
            self.amounts[amount as usize] = value;
        }
        self
    }

    /// Returns what the frame reports, for a reference to it.
    pub(super) fn event_name(&self) -> String {
        match self.relation {
            Some(relation) => relation.to_string(),
            None => self.subject.to_owned(),
        }
    }

    /// Returns `true` if a row for this report would have only zeros.
    pub(super) fn is_unused(&self) -> bool {
        let amounts = self.amounts.iter().flatten();
        self.skips_unused && amounts.into_iter().all(Decimal::is_zero)
    }
}

/// Returns the amounts of a row, in the order of [`Amount`].
pub(super) fn amounts_mut(row: &mut AccountBalance) -> [&mut Option<Decimal>; AMOUNTS] {
    [
        &mut row.total,
        &mut row.available,
        &mut row.hold,
        &mut row.equity,
        &mut row.liability,
        &mut row.position_margin,
        &mut row.order_margin,
        &mut row.unrealised_pnl,
    ]
}

/// Reads a balance change of a spot or margin account, live or recovered.
pub(super) fn of_balance<'e>(info: &FrameInfo, balance: &'e v1::Balance) -> BalanceReport<'e> {
    let event = balance.relation_event.as_ref();
    let account = event.and_then(|event| event.account.as_ref());
    let stamp = Stamp::at(balance.time);
    let mut report = BalanceReport::new(info.ws_key, "", balance.currency.clone(), stamp);
    report.account = account.and_then(account_name);
    report.account_id = balance.account_id.clone();
    report.relation = event;
    report.event_id = balance.relation_event_id.clone();
    if info.source.is_some() {
        report.origin = Origin::Booking;
        return report.with([(Amount::Total, balance.total)]);
    }
    report.with([
        (Amount::Total, balance.total),
        (Amount::Available, balance.available),
        (Amount::Hold, balance.hold),
    ])
}

/// Returns one name for the older and the high-frequency account of a kind; `None` for isolated margin without its symbol.
fn account_name(kind: &v1::AccountKind) -> Option<Text> {
    use v1::AccountKind::{Isolated, IsolatedV2, Margin, MarginV2, Trade, TradeHf, Unknown};
    Some(match kind {
        Trade | TradeHf => Text::from_static("trade"),
        Margin | MarginV2 => Text::from_static("margin"),
        Isolated(symbol) | IsolatedV2(symbol) => isolated_name(symbol),
        // A booking of REST that names no market.
        Unknown(name) if *name == "isolated" || *name == "isolatedV2" => return None,
        other => other.to_string().into(),
    })
}

fn isolated_name(symbol: &str) -> Text {
    ["isolated_", symbol].concat().into()
}

/// Reads a change of the futures wallet; `None` for an unknown subject.
pub(super) fn of_wallet(
    info: &FrameInfo,
    change: &v1::FuturesWalletChange,
) -> Option<BalanceReport<'static>> {
    use v1::FuturesWalletChange::{AvailableBalance, Balance, OrderMargin, WithdrawHold};
    let new = |currency: &Text, time, subject: &'static str| {
        let stamp = Stamp::at(time);
        let mut report = BalanceReport::new(info.ws_key, "futures", currency.clone(), stamp);
        report.subject = subject;
        report
    };
    Some(match change {
        Balance(wallet) => {
            let report = new(&wallet.currency, wallet.time, "walletBalance.change");
            of_wallet_balance(report, wallet)
        }
        OrderMargin(margin) => new(&margin.currency, margin.time, "orderMargin.change")
            .with([(Amount::OrderMargin, margin.order_margin)]),
        AvailableBalance(balance) => {
            new(&balance.currency, balance.time, "availableBalance.change").with([
                (Amount::Available, balance.available_balance),
                (Amount::Hold, balance.hold_balance),
            ])
        }
        WithdrawHold(hold) => new(&hold.currency, hold.time, "withdrawHold.change")
            .with([(Amount::Hold, hold.withdraw_hold)]),
        _ => return None,
    })
}

fn of_wallet_balance(
    mut report: BalanceReport<'static>,
    wallet: &v1::FuturesWalletBalance,
) -> BalanceReport<'static> {
    let version = wallet.version.map(v1::FuturesWalletVersion::get);
    report.stamp.sequence = version.map(|version| i64::try_from(version).unwrap_or(i64::MAX));
    report.is_full = true;
    report.with([
        (Amount::Total, wallet.wallet_balance),
        (Amount::Available, wallet.available_balance),
        (Amount::Hold, wallet.hold_balance),
        (Amount::Equity, wallet.equity),
        (
            Amount::PositionMargin,
            sum(
                wallet.cross_position_margin,
                wallet.isolated_position_margin,
            ),
        ),
        (
            Amount::OrderMargin,
            sum(wallet.cross_order_margin, wallet.isolated_order_margin),
        ),
        (
            Amount::UnrealisedPnl,
            sum(wallet.cross_unrealised_pnl, wallet.isolated_unrealised_pnl),
        ),
    ])
}

/// Reads the changed currencies of an isolated-margin account.
///
/// KuCoin sends no available balance here. It is the total balance without the hold balance.
pub(super) fn of_isolated<'e>(
    info: &'e FrameInfo,
    position: &'e v1::IsolatedMarginPosition,
) -> impl Iterator<Item = BalanceReport<'static>> + 'e {
    let symbol = position.symbol.as_deref();
    let assets = position
        .change_assets
        .iter()
        .filter(move |_| symbol.is_some());
    let account = isolated_name(symbol.unwrap_or_default());
    let assets = assets.flat_map(|assets| assets.iter());
    assets.map(move |(currency, asset)| {
        let stamp = Stamp::at(position.time);
        let mut report = BalanceReport::new(info.ws_key, account.clone(), currency.into(), stamp);
        report.subject = "positionChange";
        let available = match (asset.total, asset.hold) {
            (Some(total), Some(hold)) => add(total, -hold),
            _ => None,
        };
        report.with([
            (Amount::Total, asset.total),
            (Amount::Available, available),
            (Amount::Hold, asset.hold),
            (
                Amount::Liability,
                sum(asset.liability_principal, asset.liability_interest),
            ),
        ])
    })
}

/// Reads the debts of the cross-margin account.
///
/// Its assets are not read: the balance topic reports each change of them, with the time of the change.
pub(super) fn of_debts<'e>(
    info: &'e FrameInfo,
    ratio: &'e v1::MarginDebtRatio,
) -> impl Iterator<Item = BalanceReport<'static>> + 'e {
    let debts = ratio.debt_list.iter().flat_map(|debts| debts.iter());
    debts.map(move |(currency, debt)| {
        let stamp = Stamp::at(ratio.time);
        let mut report = BalanceReport::new(info.ws_key, "margin", currency.into(), stamp);
        report.subject = "debt.ratio";
        report.skips_unused = true;
        report.with([(Amount::Liability, Some(*debt))])
    })
}

/// The amounts of an account of Pro V2: frame and row have different types, but the same fields.
macro_rules! unified_amounts {
    ($balance:expr) => {
        [
            (Amount::Total, $balance.balance),
            (Amount::Available, $balance.available),
            (Amount::Hold, $balance.hold),
            (Amount::Equity, $balance.equity),
            (Amount::Liability, $balance.liability),
            (
                Amount::PositionMargin,
                sum($balance.cross_pos_margin, $balance.isolated_pos_margin),
            ),
            (
                Amount::OrderMargin,
                sum($balance.cross_order_margin, $balance.isolated_order_margin),
            ),
            (
                Amount::UnrealisedPnl,
                sum($balance.cross_un_pnl, $balance.isolated_un_pnl),
            ),
        ]
    };
}

/// Reads a balance of Pro V2, live or recovered.
pub(super) fn of_pro(info: &FrameInfo, balance: &pro::Balance) -> BalanceReport<'static> {
    let account = pro_name(balance.account.as_str());
    let stamp = Stamp::pro(info, balance.sequence, balance.updated_at);
    let mut report = BalanceReport::new(info.ws_key, account, balance.currency.clone(), stamp);
    if info.source.is_some() {
        report.origin = Origin::Booking;
        return report.with([(Amount::Total, balance.balance)]);
    }
    report.is_full = true;
    report.with(unified_amounts!(balance))
}

/// Returns the name of an account of Pro V2: `TRADING` is the older name of `SPOT`.
fn pro_name(account: &str) -> Text {
    match account {
        "TRADING" => Text::from_static("SPOT"),
        account => account.into(),
    }
}

/// Reads a row of the account list.
pub(super) fn of_account(row: &SnapshotRow, account: &AccountRow) -> BalanceReport<'static> {
    let kind = match account.account_type.to_ascii_lowercase().as_str() {
        "margin_v2" | "marginv2" => v1::AccountKind::MarginV2,
        "isolated_v2" => v1::AccountKind::from("isolated"),
        _ => v1::AccountKind::from(&*account.account_type),
    };
    let mut report = BalanceReport::of_row(row, "", account.currency.clone());
    report.account = account_name(&kind);
    report.account_id = Some(account.account_id.clone());
    report.with([
        (Amount::Total, Some(account.total)),
        (Amount::Available, account.available),
        (Amount::Hold, account.hold),
    ])
}

/// Reads a currency of a margin account: of cross margin, or of isolated margin in this symbol.
pub(super) fn of_margin(
    row: &SnapshotRow,
    symbol: Option<&str>,
    currency: &MarginCurrencyRow,
) -> BalanceReport<'static> {
    let account = symbol.map_or(Text::from_static("margin"), isolated_name);
    let mut report = BalanceReport::of_row(row, account, currency.currency.clone());
    report.skips_unused = true;
    let parts = sum(currency.liability_principal, currency.liability_interest);
    report.with([
        (Amount::Total, currency.total),
        (Amount::Available, currency.available),
        (Amount::Hold, currency.hold),
        (Amount::Liability, currency.liability.or(parts)),
    ])
}

/// Reads the futures account in one currency. Its margin balance has no unrealised profit and loss.
pub(super) fn of_futures(row: &SnapshotRow, account: &FuturesAccountRow) -> BalanceReport<'static> {
    BalanceReport::of_row(row, "futures", account.currency.clone()).with([
        (Amount::Total, account.margin_balance),
        (Amount::Available, account.available_balance),
        (Amount::Hold, account.frozen_funds),
        (Amount::Equity, account.equity),
        (Amount::PositionMargin, account.position_margin),
        (Amount::OrderMargin, account.order_margin),
        (Amount::UnrealisedPnl, account.unrealised_pnl),
    ])
}

/// Reads a balance of an account of Pro V2; the account is that of the topic, or that of the row.
pub(super) fn of_unified(row: &SnapshotRow, balance: &UnifiedBalanceRow) -> BalanceReport<'static> {
    let subscribed = row.topic.split_once("accountType=");
    let account = subscribed.map(|(_, account)| account);
    let account = account.or(balance.account_type.as_deref());
    let mut name = pro_name(account.unwrap_or_default());
    if let Some(symbol) = balance
        .account_subtype
        .as_deref()
        .filter(|_| name == "ISOLATED")
    {
        name = ["ISOLATED_", symbol].concat().into();
    }
    let mut report = BalanceReport::of_row(row, name, balance.currency.clone());
    report.is_full = true;
    report.with(unified_amounts!(balance))
}

/// Returns the exact sum of the parts that are reported; `None` if none is.
fn sum(one: Option<Decimal>, other: Option<Decimal>) -> Option<Decimal> {
    match (one, other) {
        (Some(one), Some(other)) => add(one, other),
        (one, other) => one.or(other),
    }
}
