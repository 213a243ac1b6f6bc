//! No secret type can be printed, serialized or copied by chance: this file does not compile where one can.

use std::fmt::Display;

use kucoin_streams_auth::{Credentials, HmacSigner, Partner, Signed, SignedPartner, SignedRequest};
use serde::Serialize;

/// Compiles only where the type lacks the trait: with it, two implementations fit and neither is inferred.
macro_rules! lacks {
    ($secret:ty: $($forbidden:ident),+) => {$(
        const _: fn() = || {
            trait Fits<Which> {
                fn once() {}
            }
            struct Has;
            impl<T> Fits<()> for T {}
            impl<T: $forbidden> Fits<Has> for T {}
            <$secret>::once()
        };
    )+};
}

lacks!(Credentials: Display, Serialize, Clone);
lacks!(Partner: Display, Serialize, Clone);
lacks!(HmacSigner: Display, Serialize);
lacks!(Signed: Display, Serialize, Clone);
lacks!(SignedPartner: Display, Serialize, Clone);
lacks!(SignedRequest: Display, Serialize, Clone);

/// The keyed state that the signer keeps is two states of SHA-256 and an empty buffer; `Hmac` itself carries no
/// mark, its parts do. This fails where the feature `zeroize` of sha2 is lost.
#[test]
fn the_keyed_state_is_zeroed_when_dropped() {
    fn is_zeroed_on_drop<T: zeroize::ZeroizeOnDrop>() {}
    is_zeroed_on_drop::<<sha2::Sha256 as sha2::digest::block_api::CoreProxy>::Core>();
}
