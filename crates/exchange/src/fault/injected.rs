//! Messages that the local exchange injects into a connection.

use super::effects::Effect;
use super::table::{Valid, faults};

faults! {
    /// A message that the local exchange sends immediately, without a request or an event as cause.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum InjectedMessage as Effect::Say;

    in Socket {
        /// Sends a message with this text: in a text frame on V1, in a binary frame on Pro V2.
        "send-text" Text {
            /// The text; it need not be JSON.
            text: String ; r#"'{"type":"notice"}'"#,
        },
        /// Sends a binary frame.
        "send-binary" Binary {
            /// The payload.
            payload["hex"]: Vec<u8>,
        },
        /// Sends a decompression bomb: a binary frame of raw DEFLATE that inflates to about 1000 times its size.
        "send-bomb" Bomb {
            /// The inflated size in bytes.
            bytes: u32 = "16777216",
        },
        /// Sends raw bytes without framing, for example to build an invalid frame by hand.
        "send-bytes" Bytes {
            /// The bytes.
            bytes["hex"]: Vec<u8>,
        },
        /// Sends an error frame in the format of V1. The connection stays open.
        "send-error" Error {
            /// The error code.
            code: u16 = "509",
            /// The error text.
            text: String = "service busy",
            /// The `id` of the frame; it has none by default.
            id: Option<String> ; "7",
        },
        /// Sends an acknowledgement that no request asked for.
        "send-ack" Ack {
            /// The ID in the acknowledgement.
            id: String = "stray",
        },
        /// Sends pongs without a ping, with IDs that no client chose.
        "send-pongs" Pongs {
            /// The number of pongs.
            count: u32 = "1",
        },
        /// Sends WebSocket ping frames. `ConnectionReport::protocol_pongs` counts the answers.
        "send-pings" Pings {
            /// The number of pings.
            count: u32 = "1",
            /// The payload size of each, in bytes.
            bytes: u8 = "4" => Valid::Numbers(0..=125),
        },
        /// Sends a burst of pushes of a topic that does not exist: `/flood/unknown`, on Pro V2 `flood.UNKNOWN`.
        /// `ConnectionReport::pushed` and `after N frames` do not count them.
        "flood" Flood {
            /// The number of pushes.
            pushes: u32 = "10000",
        },
        /// Sends fragments of a message, but never the last one.
        "endless-fragments" EndlessFragments {
            /// The number of fragments.
            fragments: u32 = "2048",
            /// The size of each, in bytes; 0 is allowed.
            bytes: u32 = "1024",
        },
    }
}
