//! Frames in the queues of subscriptions.

use bytestring::ByteString;
use kucoin_streams_core::{Timestamp, WireError};

/// A received data frame; decoded by the consumer.
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

    /// Returns the frame as received; invalid UTF-8 is replaced (lossy conversion).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the local receive time.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Returns the epoch of the connection that received the frame.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the error of a malformed frame, which is reported as a gap; `None` if it is well-formed.
    pub(super) fn fault(&self) -> Option<&WireError> {
        self.fault.as_deref()
    }
}
