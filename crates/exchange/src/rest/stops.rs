//! Stop orders of spot and margin.

use rust_decimal::Decimal;

use super::history::{State, StopRow};
use super::paging::{Numbered, NumberedPage, Window};
use super::query::Query;
use super::spot::{Kinds, order_type, symbol, trade_type};
use super::{Answer, Ask, Endpoint, NULL, Write};
use crate::credentials::ApiError;
use crate::engine::{Direction, StopChange, StopKind, StopOrder, spot};
use crate::fault::RestPool;
use crate::json::{Object, OrNull, Raw};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("/api/v1/stop-order", 8, open),
    endpoint("/api/v1/stop-order/{id}", 3, by_id),
    endpoint("/api/v3/hf/margin/stop-orders", 8, open_margin),
];

const fn endpoint(path: &'static str, weight: u32, answer: Write) -> Endpoint {
    Endpoint::new(RestPool::Spot, path, weight, answer)
}

const PAGES: Numbered = Numbered {
    number: "currentPage",
    size: "pageSize",
    default: 50,
    sizes: (10, 500),
};
const MARGIN_PAGES: Numbered = Numbered {
    default: 20,
    ..PAGES
};
const TRADE_TYPES: &[&str] = &["TRADE", "MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"];
/// A time window of any length.
const ALWAYS: Window = Window::up_to(u64::MAX);

/// Lists the untriggered stop orders of one `tradeType`.
fn open(ask: &Ask<'_>) -> Answer {
    let wanted = ask.query.one_of("tradeType", TRADE_TYPES)?;
    let wanted = wanted.unwrap_or("TRADE");
    let family = ask.query.one_of("stop", &["stop", "oco"])?;
    let page = page(ask, &PAGES, |stop| {
        // The exchange has no OCO orders.
        family != Some("oco") && trade_type(stop.terms) == wanted
    })?;
    Ok(write(ask, &page))
}

/// Lists the untriggered stop orders of cross and isolated margin, or of one of them.
fn open_margin(ask: &Ask<'_>) -> Answer {
    let wanted = ask.query.one_of("tradeType", &TRADE_TYPES[1..])?;
    let kind_wanted = ask.query.one_of("stop", &["loss", "entry"])?;
    let page = page(ask, &MARGIN_PAGES, |stop| {
        let trade_type = trade_type(stop.terms);
        trade_type != "TRADE"
            && wanted.is_none_or(|wanted| wanted == trade_type)
            && kind_wanted.is_none_or(|wanted| wanted == kind(stop).as_str())
    })?;
    Ok(write(ask, &page))
}

/// Returns the requested page of the stop orders that match, newest first.
fn page<'a>(
    ask: &Ask<'a>,
    pages: &Numbered,
    matches: impl Fn(&StopOrder) -> bool,
) -> Result<NumberedPage<&'a State<StopRow>>, ApiError> {
    let filter = Filter::read(ask)?;
    let stops = ask.history.spot.stops.open().into_iter();
    let stops = stops.filter(|state| {
        let stop = &state.value.stop;
        matches(stop) && filter.includes(ask.query, stop)
    });
    pages.page(ask, stops)
}

/// The filters that both lists have.
struct Filter<'q> {
    symbol: Option<&'q str>,
    kinds: Kinds<'q>,
    created: std::ops::RangeInclusive<u64>,
}

impl<'q> Filter<'q> {
    fn read(ask: &Ask<'q>) -> Result<Self, ApiError> {
        Ok(Self {
            symbol: symbol(ask.query)?,
            kinds: Kinds::read(ask.query)?,
            created: ALWAYS.read(ask)?,
        })
    }

    fn includes(&self, query: &Query, stop: &StopOrder) -> bool {
        self.symbol.is_none_or(|symbol| symbol == stop.symbol)
            && self
                .kinds
                .include(stop.side.as_str(), stop.order_price.is_none())
            && self.created.contains(&stop.created_ms)
            && query.lists("orderIds", &stop.id)
    }
}

fn write(ask: &Ask<'_>, page: &NumberedPage<&State<StopRow>>) -> String {
    page.write("currentPage", |state| row(ask, state))
}

/// Returns an untriggered or triggered stop order. A canceled one is not found, because no status says that.
fn by_id(ask: &Ask<'_>) -> Answer {
    let found = ask.history.spot.stops.get(&ask.segment, ask.now_ms);
    let found = found.filter(|state| !matches!(state.value.change, StopChange::Cancel));
    Ok(found.map_or(NULL.to_owned(), |state| row(ask, state)))
}

fn kind(stop: &StopOrder) -> StopKind {
    match stop.trigger.direction {
        Direction::Down => StopKind::Loss,
        Direction::Up => StopKind::Entry,
    }
}

fn row(ask: &Ask<'_>, state: &State<StopRow>) -> String {
    let stop = &state.value.stop;
    let triggered = matches!(state.value.change, StopChange::Triggered(_));
    Object::new()
        .field("id", &*stop.id)
        .field("symbol", stop.symbol)
        .field("userId", ask.user.id)
        .field("status", if triggered { "TRIGGERED" } else { "NEW" })
        .field("type", order_type(stop.order_price.is_none()))
        .field("side", stop.side.as_str())
        .field("price", OrNull(stop.order_price.map(padded)))
        .field("size", padded(stop.size))
        .field("funds", Raw(NULL))
        .field("stp", Raw(NULL))
        .field("timeInForce", "GTC")
        .field("cancelAfter", -1_i64)
        .field("postOnly", false)
        .field("hidden", false)
        .field("iceberg", false)
        .field("visibleSize", Raw(NULL))
        .field("channel", "API")
        .field("clientOid", Raw(NULL))
        .field("remark", Raw(NULL))
        .field("tags", Raw(NULL))
        .field("relatedNo", Raw(NULL))
        .field("orderTime", stop.created_ms.saturating_mul(1_000_000))
        .field("domainId", "kucoin")
        .field("tradeSource", "USER")
        .field("tradeType", trade_type(stop.terms))
        .field("feeCurrency", stop.fee_currency)
        .field("takerFeeRate", padded(spot::TAKER_FEE))
        .field("makerFeeRate", padded(spot::MAKER_FEE))
        .field("createdAt", stop.created_ms)
        .field("stop", kind(stop).as_str())
        .field(
            "stopTriggerTime",
            OrNull(triggered.then_some(state.time_ms)),
        )
        .field("stopPrice", padded(stop.trigger.price))
        .field("limitPrice", Raw(NULL))
        .field("pop", Raw(NULL))
        .field("activateCondition", Raw(NULL))
        .end()
}

/// Formats a decimal with 20 places, as KuCoin does for stop orders.
fn padded(value: Decimal) -> String {
    format!("{value:.20}")
}
