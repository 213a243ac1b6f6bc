//! How a topic type is defined: the requests that it may hold, and its event.

/// Defines a topic on the private connection that holds its request; its constructors check that request.
macro_rules! topic {
    ($(#[$meta:meta])* pub struct $name:ident: $event:ty) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            request: $crate::ChannelRequest,
        }

        impl $name {
            /// What is subscribed to.
            pub fn request(&self) -> &$crate::ChannelRequest {
                &self.request
            }

            /// The topic of a request that is known to be of this event.
            pub(crate) fn of(request: $crate::ChannelRequest) -> Self {
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
                $crate::push::decode(frame, $crate::push::Wanted::By(&self.request))
            }
        }

        /// As users write it: `orderAll?tradeType=UNIFIED`.
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
