//! Generated frames with the usual size and content of KuCoin's pushes, all different.

use std::fmt::Write as _;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A match of a spot order: V1, `/spotMarket/tradeOrdersV2`.
    Order,
    /// A hold on a balance: V1, `/account/balance`.
    Balance,
    /// A full position with JSON numbers: V1, `/contract/positionAll`.
    Position,
    /// A fill of an order: Pro V2, `orderAll.UNIFIED`, as a binary message.
    ProOrder,
    /// A match of a futures order for one of this number of contracts: V1, `/contractMarket/tradeOrders:SYMBOL`.
    SymbolOrder(u32),
}

impl Kind {
    /// The four kinds that are compared.
    pub const COMPARED: [Self; 4] = [Self::Order, Self::Balance, Self::Position, Self::ProOrder];

    /// Returns the name in tables and on command lines.
    pub fn name(self) -> String {
        match self {
            Self::Order => "order".into(),
            Self::Balance => "balance".into(),
            Self::Position => "position".into(),
            Self::ProOrder => "pro-order".into(),
            Self::SymbolOrder(symbols) => format!("symbols:{symbols}"),
        }
    }

    /// Returns the kind with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name.strip_prefix("symbols:") {
            Some(symbols) => symbols.parse().ok().map(Self::SymbolOrder),
            None => Self::COMPARED.into_iter().find(|kind| kind.name() == name),
        }
    }

    /// Returns `true` if frames of this kind are sent in binary messages.
    pub fn is_binary(self) -> bool {
        self == Self::ProOrder
    }

    /// Returns the text before the 19 digits of a time that the server can set.
    ///
    /// Balances and positions have no time in nanoseconds.
    pub fn stamp(self) -> Option<&'static str> {
        match self {
            Self::Order | Self::SymbolOrder(_) => Some("\"ts\":"),
            Self::ProOrder => Some("\"U\":"),
            Self::Balance | Self::Position => None,
        }
    }
}

const SPOT: [&str; 8] = [
    "BTC-USDT",
    "ETH-USDT",
    "KCS-USDT",
    "SOL-USDT",
    "XRP-USDT",
    "PEPE-USDT",
    "LTC-BTC",
    "DOGE-USDT",
];
const CONTRACTS: [&str; 6] = [
    "XBTUSDTM",
    "ETHUSDTM",
    "SOLUSDTM",
    "XRPUSDTM",
    "XBTUSDCM",
    "DOGEUSDTM",
];

/// Returns the symbol of the contract with this number.
pub fn symbol(number: u32) -> String {
    let letter = |number: u32| char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
    let (a, b, c) = (letter(number), letter(number / 26), letter(number / 676));
    format!("{c}{b}{a}XUSDTM")
}

/// Writes the frame with this number. Each number always gives the same frame, different from all others.
pub fn write(kind: Kind, number: u64, out: &mut String) {
    let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66);
    // Writing to a `String` cannot fail.
    let _ = match kind {
        Kind::Order => order(&mut random, number, out),
        Kind::Balance => balance(&mut random, number, out),
        Kind::Position => position(&mut random, number, out),
        Kind::ProOrder => pro_order(&mut random, number, out),
        Kind::SymbolOrder(symbols) => symbol_order(&mut random, number, symbols, out),
    };
}

/// Returns the frame with this number.
pub fn frame(kind: Kind, number: u64) -> String {
    let mut frame = String::new();
    write(kind, number, &mut frame);
    frame
}

/// A pseudorandom number generator (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'c>(&mut self, choice: &[&'c str]) -> &'c str {
        let index = usize::try_from(self.below(choice.len() as u64)).unwrap_or(0);
        choice[index]
    }

    /// Returns a decimal with this number of decimal places, and one to six digits before the point.
    fn decimal(&mut self, places: u32) -> String {
        let whole = match self.below(4) {
            0 => self.below(10),
            1 => self.below(100_000),
            _ => self.below(1_000_000),
        };
        let fraction = self.below(10_u64.pow(places));
        format!("{whole}.{fraction:0width$}", width = places as usize)
    }

    fn hex24(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!("6720da3f{:016x}", a ^ (b << 7))
    }
}

fn order(random: &mut Random, number: u64, out: &mut String) -> std::fmt::Result {
    let time = 1_730_206_283_448_000_000 + number * 1_000_003;
    let (symbol, side) = (random.one_of(&SPOT), random.one_of(&["buy", "sell"]));
    let (role, fee) = match random.below(2) {
        0 => ("maker", "makerFee"),
        _ => ("taker", "takerFee"),
    };
    let (filled, left, each) = (random.decimal(5), random.decimal(5), random.decimal(5));
    let price = random.decimal(1);
    write!(
        out,
        r#"{{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","userId":"633559791e1cbc0001f319bc","channelType":"private","data":{{"canceledSize":"0","clientOid":"{oid}","feeType":"{fee}","filledSize":"{filled}","liquidity":"{role}","matchPrice":"{price}","matchSize":"{each}","orderId":"{id}","orderTime":{placed},"orderType":"limit","originSize":"{left}","pt":{pushed},"remainSize":"{left}","side":"{side}","size":"{left}","status":"match","symbol":"{symbol}","tradeId":"{trade}","ts":{time},"type":"match","price":"{price}"}}}}"#,
        oid = random.hex24(),
        id = random.hex24(),
        placed = time / 1_000_000 - random.below(100_000),
        pushed = time / 1_000_000 + 6,
        trade = 11_116_472_000_000_000 + number,
    )
}

fn balance(random: &mut Random, number: u64, out: &mut String) -> std::fmt::Result {
    let id = 354_689_988_084_000 + number;
    let hold = random.decimal(8);
    write!(
        out,
        r#"{{"topic":"/account/balance","type":"message","subject":"account.balance","id":"{id}","userId":"633559791e1cbc0001f319bc","channelType":"private","data":{{"accountId":"548674591753","currency":"{currency}","total":"{total}","available":"{available}","hold":"{hold}","availableChange":"-{hold}","holdChange":"{hold}","relationContext":{{"symbol":"{symbol}","orderId":"{order}"}},"relationEvent":"trade.hold","relationEventId":"{id}","time":"{time}"}}}}"#,
        currency = random.one_of(&["USDT", "BTC", "KCS", "USDC", "PEPE"]),
        total = random.decimal(12),
        available = random.decimal(12),
        symbol = random.one_of(&SPOT),
        order = random.hex24(),
        time = 1_730_269_283_892 + number,
    )
}

fn position(random: &mut Random, number: u64, out: &mut String) -> std::fmt::Result {
    let time = 1_729_155_616_322 + number;
    let (cost, commission) = (random.decimal(4), random.decimal(7));
    write!(
        out,
        r#"{{"topic":"/contract/positionAll","type":"message","subject":"position.change","userId":"633559791e1cbc0001f319bc","channelType":"private","data":{{"symbol":"{symbol}","maintMarginReq":0.005,"riskLimit":500000,"realLeverage":{real},"crossMode":false,"delevPercentage":0.45,"openingTimestamp":{opened},"autoDeposit":true,"currentTimestamp":{time},"currentQty":{quantity},"currentCost":{cost},"currentComm":{commission},"unrealisedCost":{cost},"realisedCost":{commission},"isOpen":true,"markPrice":{mark},"markValue":{value},"posCost":{cost},"posCross":0E-8,"posInit":{initial},"posComm":{comm},"posLoss":0,"posMargin":{margin},"posMaint":{maint},"maintMargin":{margin},"realisedGrossPnl":0,"realisedPnl":-{commission},"unrealisedPnl":{pnl},"unrealisedPnlPcnt":6.0E-4,"unrealisedRoePcnt":0.0031,"avgEntryPrice":{entry},"liquidationPrice":{liquidation},"bankruptPrice":{bankrupt},"settleCurrency":"USDT","leverage":5.0,"marginMode":"ISOLATED","positionSide":"BOTH","riskLimitLevel":2,"changeReason":"positionChange"}}}}"#,
        symbol = random.one_of(&CONTRACTS),
        real = random.decimal(10),
        opened = time - 12,
        quantity = 1 + random.below(5_000),
        mark = random.decimal(2),
        value = random.decimal(5),
        initial = random.decimal(4),
        comm = random.decimal(8),
        margin = random.decimal(8),
        maint = random.decimal(8),
        pnl = random.decimal(5),
        entry = random.decimal(1),
        liquidation = random.decimal(2),
        bankrupt = random.decimal(2),
    )
}

fn pro_order(random: &mut Random, number: u64, out: &mut String) -> std::fmt::Result {
    let time = 1_781_200_000_950_000_000 + number * 1_000_003;
    let (price, filled, left) = (random.decimal(1), random.decimal(4), random.decimal(4));
    write!(
        out,
        r#"{{"P":{pushed},"T":"orderAll.UNIFIED","d":{{"O":1781200000000000000,"S":"{side}","U":{time},"f":"{fee}","p":"{price}","q":"{size}","s":"{symbol}","t":"0","aP":"{price}","cR":"","cS":"0","ci":"grid-{number}","eT":"FILL","fC":"USDT","fS":"{filled}","lP":"","lR":"{role}","lS":"{last}","ls":"{price}","oS":"USER","oT":"LIMIT","oi":"{id}","os":4,"pO":false,"pP":"","qU":"BASECCY","rO":false,"rS":"{left}","tD":"","tP":"","tT":"SPOT","ti":"{trade}","lPT":"","pPT":"","stp":"","tIF":"GTC","tPT":"","toi":"","bT":""}}}}"#,
        pushed = time + 417_233,
        side = random.one_of(&["BUY", "SELL"]),
        fee = random.decimal(7),
        size = random.decimal(4),
        symbol = random.one_of(&SPOT),
        role = random.one_of(&["MAKER", "TAKER"]),
        last = random.decimal(4),
        id = 412_001_700_000_000_101 + random.below(1 << 40),
        trade = 91_827_364_550_001_123 + number,
    )
}

fn symbol_order(
    random: &mut Random,
    number: u64,
    symbols: u32,
    out: &mut String,
) -> std::fmt::Result {
    let time = 1_730_206_283_448_000_000 + number * 1_000_003;
    let chosen = u32::try_from(number % u64::from(symbols.max(1))).unwrap_or(0);
    let (symbol, price, each) = (symbol(chosen), random.decimal(1), 1 + random.below(500));
    write!(
        out,
        r#"{{"topic":"/contractMarket/tradeOrders:{symbol}","type":"message","subject":"symbolOrderChange","userId":"633559791e1cbc0001f319bc","channelType":"private","data":{{"symbol":"{symbol}","orderType":"limit","side":"{side}","canceledSize":"0","orderId":"{id}","positionSide":"BOTH","liquidity":"maker","marginMode":"ISOLATED","type":"match","feeType":"makerFee","orderTime":{placed},"size":"{size}","filledSize":"{each}","price":"{price}","matchPrice":"{price}","matchSize":"{each}","remainSize":"{size}","tradeId":"{trade}","clientOid":"{oid}","tradeType":"trade","status":"match","ts":{time}}}}}"#,
        side = random.one_of(&["buy", "sell"]),
        id = random.hex24(),
        placed = time - random.below(100_000_000_000),
        size = 1 + random.below(10_000),
        trade = 1_828_954_878_212_094 + number,
        oid = random.hex24(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_usual_size_and_differ() {
        for (kind, sizes) in [
            (Kind::Order, 560..660),
            (Kind::Balance, 440..540),
            (Kind::Position, 1_000..1_250),
            (Kind::ProOrder, 500..620),
            (Kind::SymbolOrder(10), 500..680),
        ] {
            let size = frame(kind, 7).len();
            assert!(sizes.contains(&size), "{kind:?}: {size}");
            assert_ne!(frame(kind, 7), frame(kind, 8));
            assert_eq!(Kind::of_name(&kind.name()), Some(kind));
            if let Some(stamp) = kind.stamp() {
                let frame = frame(kind, 7);
                let digits = &frame[frame.find(stamp).unwrap() + stamp.len()..];
                assert_eq!(digits.find(|c: char| !c.is_ascii_digit()), Some(19));
            }
        }
    }
}
