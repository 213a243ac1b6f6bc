//! Futures positions: /contract/positionAll and /contract/position.

mod change;
mod mark_price;
mod risk_limit;
mod settlement;

use kucoin_streams_core::{DecodeError, Extra, Text};
use kucoin_streams_decode::{Record, Scanner};

pub use change::{FuturesPositionChange, FuturesPositionChangeReason};
pub use mark_price::FuturesMarkPriceChange;
pub use risk_limit::FuturesRiskLimitAdjustment;
pub use settlement::FuturesFundingSettlement;

use crate::FuturesPrivate;
use crate::envelope::{PushContext, PushData, is_readable};
use crate::subjects::subjects;
use crate::symbol::SymbolParam;
use crate::topic::topic;

topic! {
    /// Changes of all futures positions: `/contract/positionAll`.
    ///
    /// Settlements and risk limit adjustments have no symbol on this topic. If you need the symbol, subscribe
    /// to [`FuturesSymbolPosition`].
    pub struct FuturesPositions: FuturesPosition, on FuturesPrivate, at "/contract/positionAll"
}

topic! {
    /// Changes of the position in one contract: `/contract/position:SYMBOL`.
    ///
    /// If you also subscribe to [`FuturesPositions`], each event of the contract arrives twice, with the same
    /// [`dedup_key`](kucoin_streams_core::Event::dedup_key).
    ///
    /// Published examples show pushes of this topic under `/contract/positionAll` too, so such pushes are decoded
    /// unless they name another contract. If they name no contract, [`symbol`](FuturesPosition::symbol) is `None`.
    pub struct FuturesSymbolPosition: FuturesPosition, on FuturesPrivate, at "/contract/position" of SymbolParam::Futures
}

const CHANGE: &str = "position.change";

subjects! {
    /// A change of a futures position, by subject.
    ///
    /// If the data has no `symbol`, the symbol of the topic `/contract/position:SYMBOL` is used and serialized as
    /// `symbol`. On `/contract/positionAll`, the symbol is then `None`.
    pub enum FuturesPosition {
        /// `position.change` with a quantity: the full position.
        Change(Box<FuturesPositionChange>) if ["currentQty"],
        /// `position.change` without a quantity: only the fields that depend on the mark price.
        ///
        /// The missing quantity does not mean that the position is closed. It is not known if KuCoin sends this event
        /// for cross margin.
        MarkPrice(FuturesMarkPriceChange) if [
            "changeReason", "markValue", "maintMargin", "avgEntryPrice", "leverage", "realLeverage",
            "unrealisedPnl", "unrealisedPnlPcnt", "unrealisedRoePcnt", "delevPercentage"
        ],
        /// `position.settlement`: a funding fee was settled.
        Settlement(FuturesFundingSettlement) = "position.settlement" if [
            "fundingTime", "fundingRate", "fundingFee", "qty"
        ],
        /// `position.adjustRiskLimit`: a new risk limit was set or refused.
        RiskLimit(FuturesRiskLimitAdjustment) = "position.adjustRiskLimit" if [
            "success", "riskLimitLevel", "msg"
        ],
    }
}

impl FuturesPosition {
    /// Returns the symbol of the contract, such as `XBTUSDTM`.
    ///
    /// Returns `None` if neither the data nor the topic names the contract. For an unknown subject, only the data is
    /// read.
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

    /// Reads a full position or, if the data has no quantity, a mark price change.
    fn change(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        let before = scanner.clone();
        match Record::read(scanner) {
            Ok(change) => Ok(Self::Change(change)),
            // Only the quantity is required.
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

impl PushData for FuturesPosition {
    const BY_SUBJECT: bool = true;

    fn extra(&mut self) -> &mut Extra {
        self.extra_mut()
    }

    fn is_of_unknown_subject(&self) -> bool {
        matches!(self, Self::Other(_))
    }

    fn from_data(scanner: &mut Scanner<'_>, context: PushContext<'_>) -> Result<Self, DecodeError> {
        let mut position = match context.subject {
            Some(CHANGE) => Self::change(scanner)?,
            subject => Self::by_subject(subject, scanner)?,
        };
        if let Some(symbol @ None) = position.symbol_mut() {
            let topic_symbol = crate::path::symbol(context.topic);
            let topic_symbol = topic_symbol.filter(|name| !name.is_empty() && is_readable(name));
            *symbol = topic_symbol.map(Text::new);
        }
        Ok(position)
    }

    fn symbol(&self) -> Option<&str> {
        self.symbol()
    }
}
