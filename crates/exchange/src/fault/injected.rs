//! What the exchange sends unprompted.

use super::effects::Effect;
use super::table::{Valid, faults};

faults! {
    /// What the exchange sends unprompted, at once.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum InjectedMessage as Effect::Say;

    in Socket {
        /// The exchange sends a message with this text, in a frame of the kind that the connection uses.
        "send-text" Text {
            /// The text, which may be anything.
            text: String ; r#"'{"type":"notice"}'"#,
        },
        /// The exchange sends a binary frame.
        "send-binary" Binary {
            /// Its payload.
            payload["hex"]: Vec<u8>,
        },
        /// The exchange sends a binary frame of raw DEFLATE, about a thousandth as long as what it inflates to.
        "send-bomb" Bomb {
            /// The length of what it inflates to.
            bytes: u32 = "16777216",
        },
        /// The exchange sends these bytes without a frame around them, to make any frame whatever.
        "send-bytes" Bytes {
            /// The bytes.
            bytes["hex"]: Vec<u8>,
        },
        /// The exchange sends an error frame in the form of V1, after which the connection continues.
        "send-error" Error {
            /// Its code.
            code: u16 = "509",
            /// Its text.
            text: String = "service busy",
            /// Its id; without it there is none.
            id: Option<String> ; "7",
        },
        /// The exchange sends an acknowledgement of this id.
        "send-ack" Ack {
            /// The id.
            id: String = "stray",
        },
        /// The exchange sends pongs without a ping, with ids that no client chose.
        "send-pongs" Pongs {
            /// The number of pongs.
            count: u32 = "1",
        },
        /// The exchange sends pings of the WebSocket protocol; `ConnectionReport::protocol_pongs` counts the answers.
        "send-pings" Pings {
            /// The number of pings.
            count: u32 = "1",
            /// The length of the payload of each.
            bytes: u8 = "4" => Valid::Numbers(0..=125),
        },
        /// The exchange sends a burst of pushes of a topic that does not exist: `/flood/unknown`, of Pro V2
        /// `flood.UNKNOWN`. They are not counted as pushes.
        "flood" Flood {
            /// The number of pushes.
            pushes: u32 = "10000",
        },
        /// The exchange sends a message in fragments of which none is the last.
        "endless-fragments" EndlessFragments {
            /// The number of fragments.
            fragments: u32 = "2048",
            /// The length of each, 0 for empty ones.
            bytes: u32 = "1024",
        },
    }
}
