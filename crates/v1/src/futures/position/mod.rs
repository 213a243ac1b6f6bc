//! Positions of the futures host: /contract/positionAll and /contract/position, each change by its subject.

mod change;
mod mark_price;
mod risk_limit;
mod settlement;

use kucoin_streams_core::{DecodeError, Text};
use kucoin_streams_decode::{Record, Scanner};

pub use change::{FuturesPositionChange, FuturesPositionChangeReason};
pub use mark_price::FuturesMarkPriceChange;
pub use risk_limit::FuturesRiskLimitAdjustment;
pub use settlement::FuturesFundingSettlement;

use crate::FuturesPrivate;
use crate::envelope::{Around, Data, is_readable};
use crate::subjects::subjects;
use crate::symbol::Market;
use crate::topic::topic;

topic! {
    /// Every change of every position: `/contract/positionAll`.
    ///
    /// Settlements and risk limit adjustments carry no symbol here; subscribe to [`FuturesSymbolPosition`] where
    /// that matters.
    pub struct FuturesPositions: FuturesPosition, on FuturesPrivate, at "/contract/positionAll"
}

topic! {
    /// Every change of the position in one contract: `/contract/position:SYMBOL`.
    ///
    /// Together with [`FuturesPositions`] it gives the contract's events twice, with equal identities.
    ///
    /// Published examples show each of the two topics under the other's name, so both are taken here. A push under
    /// `/contract/positionAll` that names another contract is not; one that names none is, for it may be of this
    /// contract and must not be lost: its [`symbol`](FuturesPosition::symbol) is then `None`.
    pub struct FuturesSymbolPosition: FuturesPosition, on FuturesPrivate, at "/contract/position" of Market::Futures
}

const CHANGE: &str = "position.change";

subjects! {
    /// A change of a position, by subject.
    ///
    /// Each kind has a `symbol`. Where the data has none it is that of the topic, `/contract/position:SYMBOL`, and
    /// is written as `symbol` too; under `/contract/positionAll` it is then `None`.
    pub enum FuturesPosition {
        /// The position in full: `position.change` with a quantity.
        Change(Box<FuturesPositionChange>) if ["currentQty"],
        /// A patch of what the mark price changes: `position.change` without a quantity, which does not mean that
        /// the position is closed. Whether it is sent on cross margin is not known.
        MarkPrice(FuturesMarkPriceChange) if [
            "changeReason", "markValue", "maintMargin", "avgEntryPrice", "leverage", "realLeverage",
            "unrealisedPnl", "unrealisedPnlPcnt", "unrealisedRoePcnt", "delevPercentage"
        ],
        /// A funding fee was settled: `position.settlement`.
        Settlement(FuturesFundingSettlement) = "position.settlement" if [
            "fundingTime", "fundingRate", "fundingFee", "qty"
        ],
        /// A new risk limit was set or refused: `position.adjustRiskLimit`.
        RiskLimit(FuturesRiskLimitAdjustment) = "position.adjustRiskLimit" if [
            "success", "riskLimitLevel", "msg"
        ],
    }
}

impl FuturesPosition {
    /// The contract, such as `XBTUSDTM`; `None` where neither the data nor the topic names it. Of an unknown
    /// change it is what the data says.
    pub fn symbol(&self) -> Option<&str> {
        match self {
            Self::Change(change) => change.symbol.as_deref(),
            Self::MarkPrice(change) => change.symbol.as_deref(),
            Self::Settlement(settlement) => settlement.symbol.as_deref(),
            Self::RiskLimit(adjustment) => adjustment.symbol.as_deref(),
            Self::Other(other) => {
                let raw = other.extra.get("symbol")?.as_str();
                raw.strip_prefix('"')?.strip_suffix('"')
            }
        }
    }

    /// Reads a change in full, or else a patch. The reason is no guide: some patches have none.
    fn change(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        let before = scanner.clone();
        match Record::read(scanner) {
            Ok(change) => Ok(Self::Change(change)),
            // Only the quantity can be missing.
            Err(DecodeError::Missing { .. } | DecodeError::Unreadable { .. }) => {
                *scanner = before;
                Record::read(scanner).map(Self::MarkPrice)
            }
            Err(error) => Err(error),
        }
    }

    fn symbol_mut(&mut self) -> Option<&mut Option<Text>> {
        match self {
            Self::Change(change) => Some(&mut change.symbol),
            Self::MarkPrice(change) => Some(&mut change.symbol),
            Self::Settlement(settlement) => Some(&mut settlement.symbol),
            Self::RiskLimit(adjustment) => Some(&mut adjustment.symbol),
            Self::Other(_) => None,
        }
    }
}

impl Data for FuturesPosition {
    const BY_SUBJECT: bool = true;

    fn from_data(scanner: &mut Scanner<'_>, around: Around<'_>) -> Result<Self, DecodeError> {
        let mut position = match around.subject {
            Some(CHANGE) => Self::change(scanner)?,
            subject => Self::by_subject(subject, scanner)?,
        };
        if let Some(symbol @ None) = position.symbol_mut() {
            let of_topic = crate::path::symbol(around.topic);
            let of_topic = of_topic.filter(|name| !name.is_empty() && is_readable(name));
            *symbol = of_topic.map(Text::new);
        }
        Ok(position)
    }

    fn symbol(&self) -> Option<&str> {
        self.symbol()
    }
}
