//! Which symbols a request may name.

use kucoin_streams_core::SymbolShape;

use crate::{Channel, TradeType};

/// The shape of the symbols of a channel: futures alone have positions, a unified account has both markets.
pub(crate) fn shape(channel: Channel, trade_type: TradeType) -> SymbolShape {
    match (channel, trade_type) {
        (Channel::Position, _) | (_, TradeType::Futures) => SymbolShape::Contract,
        (_, TradeType::Unified) => SymbolShape::Any,
        (_, TradeType::Spot | TradeType::Cross | TradeType::Isolated) => SymbolShape::Pair,
    }
}

/// Two symbols of a shape.
#[cfg(test)]
pub(crate) fn examples(shape: SymbolShape) -> [&'static str; 2] {
    match shape {
        SymbolShape::Pair => ["BTC-USDT", "KCS-BTC"],
        SymbolShape::Contract => ["XBTUSDTM", "ETHUSDTM"],
        SymbolShape::Any => ["BTC-USDT", "XBTUSDTM"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trading_decides_what_a_symbol_looks_like() {
        use Channel::{Order, Position};
        let table = [
            (Order, TradeType::Unified, SymbolShape::Any),
            (Order, TradeType::Isolated, SymbolShape::Pair),
            (Order, TradeType::Futures, SymbolShape::Contract),
            (Position, TradeType::Unified, SymbolShape::Contract),
        ];
        for (channel, trade_type, expected) in table {
            assert_eq!(
                shape(channel, trade_type),
                expected,
                "{channel} {trade_type}"
            );
        }
    }
}
