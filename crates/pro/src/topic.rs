//! The macro that defines the topic types.

/// Defines a topic type of the private connection.
///
/// The topic has one request, which the constructors of the type validate.
macro_rules! topic {
    ($(#[$meta:meta])* pub struct $name:ident: $event:ty) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            request: $crate::ChannelRequest,
        }

        impl $name {
            /// Returns the request that the topic subscribes with.
            pub fn request(&self) -> &$crate::ChannelRequest {
                &self.request
            }

            /// Returns the topic of a request whose channel has this event.
            pub(crate) fn from_request(request: $crate::ChannelRequest) -> Self {
                Self { request }
            }
        }

        impl ::kucoin_streams_core::Topic for $name {
            type Kind = $crate::ProPrivate;
            type Event = $event;

            const HAS_ONE_REQUEST: bool = true;

            fn requests(&self) -> Vec<$crate::ChannelRequest> {
                vec![self.request.clone()]
            }

            fn decode(
                &self,
                frame: &str,
            ) -> Result<
                Option<::kucoin_streams_core::Push<$event>>,
                ::kucoin_streams_core::DecodeError,
            > {
                $crate::push::decode(frame, $crate::push::PushFilter::Request(&self.request))
            }
        }

        /// Writes the request, such as `orderAll?tradeType=UNIFIED`.
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.request, f)
            }
        }

        impl From<$name> for $crate::ChannelRequest {
            fn from(topic: $name) -> Self {
                topic.request
            }
        }
    };
}

pub(crate) use topic;
