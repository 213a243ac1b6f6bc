//! Cells shared by several kinds of lines: amounts, prices, symbols and IDs.

use kucoin_streams::Decimal;
use kucoin_streams::Side;

use super::layout::{Cell, Priority, cell};
use super::paint::{Style, grouped, safe};

/// Text for a value that KuCoin did not send.
const UNKNOWN: &str = "?";

/// Formats an amount with all digits and thousands separators.
pub(crate) fn format_amount(amount: Decimal) -> String {
    grouped(&amount.to_string())
}

pub(super) fn format_or_unknown(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| UNKNOWN.to_owned(), format_amount)
}

/// Formats an amount with its sign: green above zero, red below zero.
pub(super) fn signed(amount: Decimal) -> (Style, String) {
    if amount.is_zero() {
        (Style::Plain, format_amount(amount))
    } else if amount.is_sign_negative() {
        (Style::Red, format_amount(amount))
    } else {
        (Style::Green, format!("+{}", format_amount(amount)))
    }
}

/// Formats a fraction in percent, rounded to two decimal places.
pub(crate) fn percent(fraction: Decimal) -> String {
    match fraction.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => format!("{} %", format_amount(percent.round_dp(2).normalize())),
        None => format_amount(fraction),
    }
}

/// Returns a symbol or currency in its column.
pub(super) fn name(name: &str) -> Cell {
    Cell::of(Style::Bold, safe(name)).left(10, 8)
}

/// Minimum line width for the order type, and for `taker` or `maker` of a fill.
const DETAILS_ROOM: usize = 60;

/// Minimum line width for the order type of a fill.
const ORDER_TYPE_ROOM_OF_FILLS: usize = 80;

/// Returns symbol, side and order type of a fill.
pub(super) fn head_of_trade(symbol: &str, side: &Side, order_type: &str) -> Vec<Cell> {
    let mut cells = head(symbol, side, order_type);
    let order_type = cells.pop().map(|cell| {
        cell.min_room(ORDER_TYPE_ROOM_OF_FILLS)
            .priority(Priority::Medium)
    });
    cells.extend(order_type);
    cells
}

/// Returns symbol, side and order type.
pub(super) fn head(symbol: &str, side: &Side, order_type: &str) -> Vec<Cell> {
    let style = match side {
        Side::Buy => Style::Green,
        Side::Sell => Style::Red,
        _ => Style::Plain,
    };
    vec![
        name(symbol),
        Cell::of(style, safe(side.as_str())).left(4, 4),
        cell(safe(order_type))
            .left(6, 6)
            .min_room(DETAILS_ROOM)
            .priority(Priority::Low),
    ]
}

/// Returns size and price.
pub(super) fn size_and_price(size: &str, price: &str) -> Vec<Cell> {
    vec![
        cell(size).right(12, 8),
        cell("@").with_previous(),
        cell(price).left(12, 8).with_previous(),
    ]
}

/// Returns size and price of a fill, and whether the fill was taker or maker.
pub(super) fn trade(size: &str, price: &str, liquidity: &str) -> Vec<Cell> {
    let mut cells = size_and_price(size, price);
    let liquidity = cell(safe(liquidity)).left(5, 5).min_room(DETAILS_ROOM);
    cells.push(liquidity.priority(Priority::Low).wide_gap());
    cells
}

/// Returns size and limit price of an order, aligned with [`trade`].
pub(super) fn order_terms(size: &str, price: &str) -> Vec<Cell> {
    trade(size, price, "")
}

/// Returns position side (in hedge mode) and margin mode of a futures event; `None` for spot.
pub(super) fn leg(side: Option<&str>, mode: Option<&str>) -> Option<Cell> {
    let side = side.filter(|side| !side.eq_ignore_ascii_case("BOTH"));
    let named: Vec<String> = [side, mode]
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .map(|word| safe(&word.to_lowercase()))
        .collect();
    (!named.is_empty()).then(|| cell(named.join(" ")))
}

/// Returns a label and its amount; `None` if the amount is absent or zero.
pub(super) fn labelled(label: &str, amount: Option<Decimal>) -> Option<Cell> {
    let amount = amount.filter(|amount| !amount.is_zero())?;
    let cell =
        Cell::of(Style::Dim, label).append(Style::Plain, format!(" {}", format_amount(amount)));
    Some(cell.priority(Priority::Low))
}

/// Returns the last 6 characters of an ID.
pub(super) fn id_suffix(id: &str) -> String {
    let id = safe(id);
    let skipped = id.chars().count().saturating_sub(6);
    match skipped {
        0 => id,
        _ => format!("…{}", id.chars().skip(skipped).collect::<String>()),
    }
}

/// Returns the cell of an order ID, which is never alone on a line.
pub(super) fn id(id: &str) -> Cell {
    Cell::of(Style::Dim, id_suffix(id)).with_previous()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fraction_is_formatted_in_percent() {
        for (fraction, format_amount) in [
            ("0.6408", "64.08 %"),
            ("-2.3e-05", "0 %"),
            ("-0.00023", "-0.02 %"),
            ("1", "100 %"),
            ("12.5", "1,250 %"),
        ] {
            let fraction = Decimal::from_scientific(fraction)
                .or_else(|_| fraction.parse())
                .unwrap();
            assert_eq!(percent(fraction), format_amount);
        }
    }

    #[test]
    fn id_is_cut_to_its_end() {
        assert_eq!(id_suffix("5c35c02703aa673ceec2a168"), "…c2a168");
        assert_eq!(id_suffix("123456"), "123456");
    }
}
