//! Does not compile if a secret type can be printed, serialized or copied by accident.

use std::fmt::Display;

use kucoin_streams_auth::{Credentials, HmacSigner, Partner, Signed, SignedPartner, SignedRequest};
use serde::Serialize;

/// Compiles only if the type lacks the trait: otherwise two implementations match and type inference fails.
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

/// The keyed HMAC state consists of two SHA-256 states and an empty buffer. `Hmac` itself does not implement
/// `ZeroizeOnDrop`, its parts do. This does not compile without the feature `zeroize` of sha2.
#[test]
fn keyed_state_is_zeroed_on_drop() {
    fn is_zeroed_on_drop<T: zeroize::ZeroizeOnDrop>() {}
    is_zeroed_on_drop::<<sha2::Sha256 as sha2::digest::block_api::CoreProxy>::Core>();
}
