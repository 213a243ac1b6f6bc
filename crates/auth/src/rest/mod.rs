//! Connection tokens over REST, one signed request for each dial, and other signed requests.

mod address;
mod builder;
mod clock;
mod error;
#[cfg(feature = "unstable-fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hosts;
mod http;
mod proxy;
mod rate_limiter;
mod refusal;
mod region;
mod reply;
mod request;
mod tls;
mod tokens;
mod url;

pub use address::AddressProblem;
pub use builder::{ConfigError, RestTokensBuilder};
pub use error::{TokenError, TokenRefusal};
pub use hosts::{HostRole, Hosts, HostsError};
pub use region::{ParseRegionError, Region};
pub use request::{Quota, RequestLimits, RestReply};
pub use tokens::{ProAuthentication, RestTokens};
