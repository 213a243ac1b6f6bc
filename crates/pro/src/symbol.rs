//! Symbol shapes of the channels.

use kucoin_streams_core::SymbolShape;

use crate::{Channel, TradeType};

/// Returns the symbol shape of a channel and trade type.
///
/// Only futures have positions, and a unified account has both shapes.
pub(crate) fn shape(channel: Channel, trade_type: TradeType) -> SymbolShape {
    match (channel, trade_type) {
        (Channel::Position, _) | (_, TradeType::Futures) => SymbolShape::Contract,
        (_, TradeType::Unified) => SymbolShape::Any,
        (_, TradeType::Spot | TradeType::Cross | TradeType::Isolated) => SymbolShape::Pair,
    }
}

/// Returns two example symbols of a shape.
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
    fn trade_type_decides_the_symbol_shape() {
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
