//! How the request for a socket is answered if it is not answered as it should be.

use std::time::Duration;

use super::Effect;
use crate::fault::table::faults;

faults! {
    /// How the request for a socket is answered. A single-use token is spent only if a socket follows.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum UpgradeFault as Effect::Upgrade;

    in Opening {
        /// The request for a socket is answered by another status than 101.
        "upgrade-refuse" Refuse {
            /// The HTTP status.
            status: u16 = "503" => 400..=599,
            /// The body, as plain text.
            text: String = "",
            /// The `Retry-After` in whole seconds; without it there is none.
            retry_after["retry-after"]: Option<Duration> ; "5s",
        },
        /// The request for a socket is answered by a redirect.
        "upgrade-redirect" Redirect {
            /// The HTTP status.
            status: u16 = "302" => 300..=399,
            /// The new address.
            location: String ; "/elsewhere",
        },
        /// 101 has the accept key of another request. The socket works for a client that does not check.
        "upgrade-wrong-accept" WrongAccept,
        /// 101 lacks a header. The socket works for a client that does not check.
        "upgrade-without" Without {
            /// The header.
            header: String => ["upgrade", "connection", "sec-websocket-accept"] ; "upgrade",
        },
        /// 101 has an extension that was not asked for, and that is not used.
        "upgrade-extension" Extension {
            /// Its name.
            name: String = "permessage-deflate",
        },
        /// 101 has a subprotocol that was not asked for.
        "upgrade-subprotocol" Subprotocol {
            /// Its name.
            name: String = "chat",
        },
        /// 101 has a head that is longer than it needs to be.
        "upgrade-long-head" LongHead {
            /// The number of additional bytes.
            bytes: u32 = "65536",
        },
        /// 101 comes byte by byte.
        "upgrade-drip" Drip {
            /// The time between two bytes.
            by: Duration,
        },
        /// The request for a socket is never answered.
        "upgrade-stall" Stall,
        /// The request for a socket is answered by the end of the connection.
        "upgrade-close" Close,
        /// The request for a socket is answered by a reset of the connection.
        "upgrade-reset" Reset,
    }
}
