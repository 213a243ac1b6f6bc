//! Lines of the current state, read over REST: open orders, balances, positions, settings; at most a few per topic.

use kucoin_streams::core::DecodeError;
use kucoin_streams::decode::{Record, Scanner};
use kucoin_streams::rest::{self, Endpoint, QueryOf};
use kucoin_streams::v1::{
    BalanceSnapshots, Balances, FuturesCrossLeverages, FuturesMarginModes, FuturesPositionChange,
    MarginPositions,
};
use kucoin_streams::{Decimal, SnapshotRow, Text, Timestamp, WsKey};

use super::balances::{account_cell, changed, one};
use super::columns::{format_amount, labelled, leg, name, percent};
use super::layout::{Cell, cell};
use super::orders::{Amounts, Order, StopOrder, price_kind, trigger};
use super::paint::{Style, safe};
use super::positions::{self, Position};
use super::settings::settings;
use super::{LineContent, margin};

/// Maximum number of rows shown for each topic.
const MAX_ROWS: usize = 5;

/// Rows that are not printed yet: they are printed together when the next item of their connection arrives.
#[derive(Debug, Default)]
pub(super) struct StateRows(Vec<TopicRows>);

#[derive(Debug)]
struct TopicRows {
    ws_key: WsKey,
    topic: String,
    taken_at: Timestamp,
    /// Lines, each with its rank and the index of its endpoint: replies arrive in any order.
    lines: Vec<((Rank, usize), LineContent)>,
    /// Label of the settings, and the setting of each symbol, which are on one line.
    settings: Vec<(&'static str, Text, String)>,
}

/// Order of the balances of a topic, because only the first are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The trade account, and everything other than spot and margin balances.
    Trade,
    Margin,
    Main,
    OtherAccount,
}

impl Rank {
    fn of(account: &str) -> Self {
        match account {
            "trade" => Self::Trade,
            "margin" => Self::Margin,
            "main" => Self::Main,
            _ => Self::OtherAccount,
        }
    }
}

/// A row to show, as KuCoin sent it.
struct StateRow<'r> {
    topic: &'r str,
    source: &'r str,
    data: &'r str,
}

impl StateRow<'_> {
    fn read<R: Record>(&self) -> Result<R, DecodeError> {
        R::read(&mut Scanner::new(self.data))
    }
}

/// What a row shows.
enum Shown {
    /// No line if all amounts are zero; several for an account with several currencies.
    Lines(Rank, Vec<LineContent>),
    /// The setting of a symbol, with the label of its line.
    Setting(&'static str, Text, String),
}

impl StateRows {
    pub(super) fn add(&mut self, row: &SnapshotRow) {
        let state_row = StateRow {
            topic: &row.topic,
            source: row.source,
            data: &row.data,
        };
        self.add_row(row.ws_key, &state_row, row.taken_at.1);
    }

    fn add_row(&mut self, ws_key: WsKey, row: &StateRow<'_>, taken_at: Timestamp) {
        let is_same = |known: &TopicRows| known.ws_key == ws_key && known.topic == row.topic;
        let at = self.0.iter().position(is_same).unwrap_or_else(|| {
            self.0.push(TopicRows {
                ws_key,
                topic: row.topic.to_owned(),
                taken_at,
                lines: Vec::new(),
                settings: Vec::new(),
            });
            self.0.len() - 1
        });
        let rows = &mut self.0[at];
        let (endpoint, shown) = shown(row);
        match shown {
            Shown::Lines(rank, lines) => {
                let lines = lines.into_iter().map(|line| ((rank, endpoint), line));
                rows.lines.extend(lines);
            }
            Shown::Setting(label, symbol, value) => {
                let setting = (label, symbol, value);
                // Two positions of a contract in hedge mode have the same settings.
                if !rows.settings.contains(&setting) {
                    rows.settings.push(setting);
                }
            }
        }
    }

    /// Removes and returns the lines of a connection, with their times.
    pub(super) fn take(&mut self, ws_key: WsKey) -> Vec<(Timestamp, LineContent)> {
        let topics = self.0.extract_if(.., |rows| rows.ws_key == ws_key);
        let lines = topics.flat_map(|rows| {
            let taken_at = rows.taken_at;
            rows.into_lines()
                .into_iter()
                .map(move |line| (taken_at, line))
        });
        lines.collect()
    }
}

impl TopicRows {
    fn into_lines(self) -> Vec<LineContent> {
        let mut sorted = self.lines;
        sorted.sort_by_key(|(order, _)| *order);
        let more = sorted.len().saturating_sub(MAX_ROWS);
        let lines = sorted.into_iter().take(MAX_ROWS).map(|(_, line)| line);
        let mut lines: Vec<LineContent> = lines.collect();
        if let Some(last) = lines.last().filter(|_| more > 0) {
            let text = format!("… {more} more of {}", safe(&self.topic));
            let cells = vec![Cell::of(Style::Dim, text).shortenable()];
            lines.push(LineContent::new(Style::Dim, last.label, cells));
        }
        if let Some((label, _, _)) = self.settings.first() {
            let pairs = self.settings.iter();
            let pairs = pairs.map(|(_, symbol, value)| (symbol.as_str(), value.clone()));
            lines.push(LineContent::new(Style::Blue, label, settings(pairs)));
        }
        lines
    }
}

type Show = fn(&StateRow<'_>) -> Result<Shown, DecodeError>;

/// How the rows of each endpoint are shown.
const ENDPOINTS: [(&Endpoint, Show); 17] = [
    (rest::SpotOpenOrders::ENDPOINT, spot_order),
    (rest::MarginOpenOrders::ENDPOINT, spot_order),
    (rest::FuturesOpenOrders::ENDPOINT, futures_order),
    (rest::UnifiedOpenOrders::ENDPOINT, unified_order),
    (rest::StopOrderList::ENDPOINT, spot_stop),
    (rest::MarginStopOrders::ENDPOINT, spot_stop),
    (rest::FuturesOpenStops::ENDPOINT, futures_stop),
    (rest::AccountList::ENDPOINT, account),
    (rest::UnifiedBalance::ENDPOINT, unified_balance),
    (rest::ClassicBalance::ENDPOINT, unified_balance),
    (rest::FuturesAccountOverview::ENDPOINT, futures_account),
    (rest::FuturesOpenPositions::ENDPOINT, futures_position),
    (rest::UnifiedPositions::ENDPOINT, unified_position),
    (rest::CrossMarginAccount::ENDPOINT, cross_margin),
    (rest::IsolatedMarginAccounts::ENDPOINT, isolated_margin),
    (rest::UnifiedLeverage::ENDPOINT, unified_leverage),
    (rest::UnifiedOverview::ENDPOINT, unified_overview),
];

/// Returns the index of the row's endpoint, and what the row shows: its JSON if it is unknown.
fn shown(row: &StateRow<'_>) -> (usize, Shown) {
    let is_of = |(endpoint, _): &(&Endpoint, Show)| endpoint.path() == row.source;
    let index = ENDPOINTS.iter().position(is_of);
    let shown = index.and_then(|index| (ENDPOINTS[index].1)(row).ok());
    let shown = shown.unwrap_or_else(|| {
        let cells = vec![
            cell(safe(row.topic)),
            Cell::of(Style::Dim, safe(row.data)).shortenable(),
        ];
        line(LineContent::new(Style::Plain, "state", cells))
    });
    (index.unwrap_or(ENDPOINTS.len()), shown)
}

fn line(line: LineContent) -> Shown {
    Shown::Lines(Rank::Trade, vec![line])
}

/// Returns the amount, or `None` for zero, which means an absent price or size.
fn nonzero(amount: Option<Decimal>) -> Option<Decimal> {
    amount.filter(|amount| !amount.is_zero())
}

/// Removes the zeros with which KuCoin pads some amounts.
fn normalized(amount: Option<Decimal>) -> Option<Decimal> {
    amount.map(|amount| amount.normalize())
}

fn are_zero(amounts: &[Option<Decimal>]) -> bool {
    amounts.iter().all(|amount| nonzero(*amount).is_none())
}

fn spot_order(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::SpotOrderRow = row.read()?;
    let order = Order {
        symbol: &row.symbol,
        side: &row.side,
        order_type: row.order_type.as_str(),
        order_id: &row.order_id,
        is_done: false,
        size: nonzero(row.size),
        price: nonzero(row.price),
        filled: row.filled_size,
        amounts: Amounts::Base {
            funds: nonzero(row.funds),
        },
        leg: None,
    };
    Ok(line(order.state()))
}

fn futures_order(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::FuturesOrderRow = row.read()?;
    let order = Order {
        symbol: &row.symbol,
        side: &row.side,
        order_type: row.order_type.as_str(),
        order_id: &row.order_id,
        is_done: false,
        size: row.size,
        price: nonzero(row.price),
        filled: row.filled_size,
        amounts: Amounts::Contracts,
        leg: leg_of(row.position_side.as_ref(), row.margin_mode.as_ref()),
    };
    Ok(line(order.state()))
}

fn unified_order(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::UnifiedOrderRow = row.read()?;
    let (size, amounts) = match row.size_unit.as_deref() {
        Some("UNIT") => (row.size, Amounts::Contracts),
        Some("QUOTECCY") => (None, Amounts::Base { funds: row.size }),
        _ => (row.size, Amounts::Base { funds: None }),
    };
    let order = Order {
        symbol: &row.symbol,
        side: &row.side,
        order_type: &row.order_type.as_str().to_lowercase(),
        order_id: &row.order_id,
        is_done: false,
        size,
        price: nonzero(row.price),
        filled: row.filled_size,
        amounts,
        leg: leg_of(row.position_side.as_ref(), row.margin_mode.as_ref()),
    };
    Ok(line(order.state()))
}

fn leg_of(
    side: Option<&rest::PositionSide>,
    margin_mode: Option<&rest::MarginMode>,
) -> Option<Cell> {
    leg(
        side.map(rest::PositionSide::as_str),
        margin_mode.map(rest::MarginMode::as_str),
    )
}

fn spot_stop(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::StopOrderRow = row.read()?;
    let stop_price = normalized(row.stop_price);
    let stop = StopOrder {
        symbol: &row.symbol,
        side: &row.side,
        kind: "open",
        order_id: &row.order_id,
        size: Amounts::Base {
            funds: normalized(nonzero(row.funds)),
        }
        .write(normalized(nonzero(row.size))),
        price: normalized(nonzero(row.price)),
        trigger: trigger(row.stop.as_deref().unwrap_or_default(), stop_price),
        of: None,
        leg: None,
        success: None,
        error: None,
    };
    Ok(line(stop.line()))
}

fn futures_stop(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::FuturesStopRow = row.read()?;
    let stop = StopOrder {
        symbol: &row.symbol,
        side: &row.side,
        kind: "open",
        order_id: &row.order_id,
        size: Amounts::Contracts.write(row.size),
        price: nonzero(row.price),
        trigger: trigger(row.stop.as_deref().unwrap_or_default(), row.stop_price),
        of: row.stop_price_type.as_deref().and_then(price_kind),
        leg: leg_of(row.position_side.as_ref(), row.margin_mode.as_ref()),
        success: None,
        error: None,
    };
    Ok(line(stop.line()))
}

fn account(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::AccountRow = row.read()?;
    let amounts = [Some(row.total), row.available, row.hold];
    let balance = balance(&row.currency, &row.account_type, amounts, []);
    let rank = Rank::of(&row.account_type);
    Ok(Shown::Lines(rank, Vec::from_iter(balance)))
}

fn unified_balance(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let topic = row.topic;
    let row: rest::UnifiedBalanceRow = row.read()?;
    // The row itself does not name the account.
    let account = topic
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("accountType="));
    let equity = row.equity.filter(|equity| Some(*equity) != row.balance);
    let rest = [
        labelled("total", normalized(row.balance)),
        labelled("owed", normalized(row.liability)),
        labelled("equity", normalized(equity)),
    ];
    let amounts = [row.balance, row.available, row.hold];
    let balance = balance(&row.currency, account.unwrap_or_default(), amounts, rest);
    Ok(Shown::Lines(Rank::Trade, Vec::from_iter(balance)))
}

/// Returns the line of a balance with its total, available and hold amounts; `None` if it has only zeros.
fn balance(
    currency: &str,
    account: &str,
    [total, available, hold]: [Option<Decimal>; 3],
    rest: impl IntoIterator<Item = Option<Cell>>,
) -> Option<LineContent> {
    let rest: Vec<Cell> = rest.into_iter().flatten().collect();
    if are_zero(&[total, available, hold]) && rest.is_empty() {
        return None;
    }
    let mut cells = vec![name(currency), account_cell(safe(account))];
    cells.extend(changed("available", normalized(available), None));
    cells.extend(changed("hold", normalized(hold), None));
    cells.extend(rest.into_iter().map(Cell::wide_gap));
    Some(LineContent::new(Style::Cyan, "balance", cells))
}

/// Returns the lines of the balances of a margin account.
fn margin_balances<'a>(
    account: &str,
    currencies: impl IntoIterator<Item = &'a rest::MarginCurrencyRow>,
) -> Shown {
    let lines = currencies.into_iter().filter_map(|row| {
        let amounts = [row.total, row.available, row.hold];
        let owed = labelled("owed", row.liability);
        balance(&row.currency, account, amounts, [owed])
    });
    Shown::Lines(Rank::of(account), lines.collect())
}

fn futures_account(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::FuturesAccountRow = row.read()?;
    if are_zero(&[row.equity, row.margin_balance, row.available_balance]) {
        return Ok(Shown::Lines(Rank::Trade, Vec::new()));
    }
    let mut cells = vec![name(&row.currency)];
    cells.extend(one("equity", row.equity));
    cells.extend(one("available", row.available_balance));
    let margins = [
        labelled("positions", row.position_margin),
        labelled("orders", row.order_margin),
    ];
    cells.extend(margins.into_iter().flatten().map(Cell::wide_gap));
    Ok(line(LineContent::new(Style::Cyan, "wallet", cells)))
}

/// Shows a position, or the setting of its contract if the topic is one of settings.
fn futures_position(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    if row.topic == FuturesMarginModes::PATH {
        let row: rest::FuturesPositionRow = row.read()?;
        let mode = row.margin_mode.as_ref().map(rest::MarginMode::as_str);
        let mode = safe(mode.unwrap_or("?"));
        return Ok(Shown::Setting("margin mode", row.symbol, mode));
    }
    if row.topic == FuturesCrossLeverages::PATH {
        let row: rest::FuturesPositionRow = row.read()?;
        let leverage = row.leverage.map(|times| format_amount(times.normalize()));
        let leverage = format!("{}x", leverage.as_deref().unwrap_or("?"));
        return Ok(Shown::Setting("leverage", row.symbol, leverage));
    }
    // A row has the fields of an event, without the reason.
    let change: FuturesPositionChange = row.read()?;
    Ok(line(positions::change(&change)))
}

fn unified_position(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::UnifiedPositionRow = row.read()?;
    let mode = row.margin_mode.as_ref().map(rest::MarginMode::as_str);
    let position = Position {
        symbol: &row.symbol,
        size: row.size.unwrap_or_default(),
        side: row.position_side.as_ref().map(rest::PositionSide::as_str),
        mode: mode.map(|mode| safe(&mode.to_lowercase())),
        entry: row.entry_price,
        mark: row.mark_price,
        unrealised: row.unrealised_pnl,
        settle_currency: "",
        return_on_margin: None,
        realised: row.realised_pnl,
        leverage: row.leverage,
        liquidation: row.liquidation_price,
    };
    Ok(line(LineContent::new(
        Style::Blue,
        "position",
        position.cells(),
    )))
}

/// Shows the debts, or the balances if the topic is one of balances.
fn cross_margin(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let is_debts = row.topic == MarginPositions::PATH;
    let row: rest::CrossMarginRow = row.read()?;
    if !is_debts {
        return Ok(margin_balances("margin", row.accounts.iter()));
    }
    if are_zero(&[row.total_assets, row.total_liability]) {
        return Ok(Shown::Lines(Rank::Trade, Vec::new()));
    }
    let totals = (row.debt_ratio, row.total_liability, row.total_assets);
    let debts = row.accounts.iter().map(|account| {
        let owed = account.liability.unwrap_or_default();
        (account.currency.as_str(), owed)
    });
    Ok(line(margin::debt(totals, debts)))
}

/// Shows the account of a symbol, or its balances if the topic is one of balances.
fn isolated_margin(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let is_balances = [Balances::PATH, BalanceSnapshots::PATH].contains(&row.topic);
    let row: rest::IsolatedMarginRow = row.read()?;
    if is_balances {
        let account = format!("isolated_{}", row.symbol);
        return Ok(margin_balances(&account, row.base.iter().chain(&row.quote)));
    }
    Ok(line(margin::isolated_row(&row)))
}

fn unified_leverage(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::UnifiedLeverageRow = row.read()?;
    let of = row.symbol.or(row.currency).unwrap_or_default();
    let times = row.leverage.map(|times| format_amount(times.normalize()));
    let mode = row.margin_mode.as_ref().map(rest::MarginMode::as_str);
    let mode = mode.map(|mode| format!(" {}", safe(&mode.to_lowercase())));
    let value = format!(
        "{}x{}",
        times.as_deref().unwrap_or("?"),
        mode.as_deref().unwrap_or_default()
    );
    Ok(Shown::Setting("leverage", of, value))
}

fn unified_overview(row: &StateRow<'_>) -> Result<Shown, DecodeError> {
    let row: rest::UnifiedOverviewRow = row.read()?;
    let ratio = row.risk_ratio.map_or_else(|| "?".to_owned(), percent);
    let amounts = [
        labelled("equity", row.equity),
        labelled("maintenance margin", row.maint_margin),
        labelled("owed", row.liability),
    ];
    let mut cells = vec![cell(format!("risk {ratio}"))];
    cells.extend(amounts.into_iter().flatten().map(Cell::wide_gap));
    Ok(line(LineContent::new(Style::Cyan, "account", cells)))
}

#[cfg(test)]
mod tests;
