//! Connection tokens over REST: one signed call for each dial, of all three connections.

mod address;
mod builder;
mod clock;
mod error;
#[cfg(feature = "unstable-fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hosts;
mod http;
mod pace;
mod proxy;
mod refusal;
mod region;
mod reply;
mod tls;
mod tokens;
mod url;

pub use address::AddressProblem;
pub use builder::{ConfigError, RestTokensBuilder};
pub use error::{TokenError, TokenRefusal};
pub use hosts::{HostRole, Hosts, HostsError};
pub use region::{ParseRegionError, Region};
pub use tokens::{ProAuthentication, RestTokens};
