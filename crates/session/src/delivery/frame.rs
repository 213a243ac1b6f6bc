//! A frame on its way to a subscription.

use bytestring::ByteString;
use kucoin_streams_core::{Timestamp, WireError};

/// A frame with data, as it came on a connection. It is decoded where it is consumed.
#[derive(Clone, Debug)]
pub struct Frame {
    pub(super) text: ByteString,
    pub(super) received_at: Timestamp,
    epoch: u64,
    pub(super) number: u64,
    fault: Option<Box<WireError>>,
}

impl Frame {
    pub(crate) fn new(text: ByteString, received_at: Timestamp, epoch: u64, number: u64) -> Self {
        Self {
            text,
            received_at,
            epoch,
            number,
            fault: None,
        }
    }

    pub(crate) fn with_fault(mut self, fault: WireError) -> Self {
        self.fault = Some(Box::new(fault));
        self
    }

    /// The frame as it came. If it is not UTF-8, the text that is nearest to it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// When it was read, by this machine's clock.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The number of its connection.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Why it is not a frame of the protocol, if it is none: it is reported as a gap and not delivered.
    pub(super) fn fault(&self) -> Option<&WireError> {
        self.fault.as_deref()
    }
}
