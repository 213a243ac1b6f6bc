//! How a token request is answered, besides the refusals that KuCoin documents.

use std::time::Duration;

use super::Effect;
use crate::fault::table::faults;

faults! {
    /// How a token request is answered.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum TokenReply as Effect::TokenReply;

    in Token {
        /// A token request is answered by a redirect.
        "token-redirect" Redirect {
            /// The HTTP status.
            status: u16 = "302" => 300..=399,
            /// The new address.
            location: String ; "/elsewhere",
        },
        /// A token request is answered 200 with a code of failure.
        "token-code" Code {
            /// KuCoin's code.
            code: String = "500000",
            /// KuCoin's message.
            message: String = "Internal Server Error",
        },
        /// A token request is answered as it should be, after many spaces.
        "token-long" Long {
            /// The number of spaces.
            bytes: u32 = "1048576",
        },
        /// A token request is answered as it should be, byte by byte.
        "token-drip" Drip {
            /// The time between two bytes.
            by: Duration,
        },
        /// A token request is answered by the end of the connection, without a byte.
        "token-close" Close,
        /// A token request is answered by gzip that was not asked for and stops in the middle.
        "token-gzip" Gzip,
        /// A V1 token comes with an empty list of servers. A Pro V2 token has none anyway.
        "token-no-servers" NoServers,
        /// A V1 token comes with this server only.
        "token-endpoint" Endpoint {
            /// The address, which need not be one.
            url: String ; "wss://elsewhere.test/",
        },
        /// A V1 token comes with this server before the right one.
        "token-extra-endpoint" ExtraEndpoint {
            /// The address, which need not be one.
            url: String ; "wss://elsewhere.test/",
        },
    }
}
