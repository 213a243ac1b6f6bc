//! The faults that wait on one connection for the frames that they happen to.

use std::time::Duration;

use super::mutate::mutate;
use super::{Cut, Effect, Flaw, Mutation, Utterance};
use crate::rng::Rng;

/// What one connection has ahead of it.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) welcome: Welcome,
    pub(crate) swallow_pongs: Tally,
    pub(crate) drop_acks: Tally,
    pub(crate) delay_acks: Tally,
    pub(crate) acks_late_by: Duration,
    pub(crate) duplicate: Tally,
    pub(crate) garble: Tally,
    pub(crate) fragment: Tally,
    pub(crate) as_text: Tally,
    pub(crate) deflate: Tally,
    parts: u32,
    pub(crate) drip: Tally,
    pub(crate) drip_by: Duration,
    pub(crate) interleave: Tally,
    pub(crate) drop_frames: Tally,
    pub(crate) swap: Tally,
    pub(crate) quote_acks: Tally,
    flawed: Tally,
    flaw: Option<Flaw>,
    mutated: Tally,
    mutation: Option<(Mutation, Option<String>)>,
    pub(crate) delay_pongs: Tally,
    pub(crate) pongs_late_by: Duration,
    pub(crate) misname_pongs: Tally,
    pub(crate) misname_acks: Tally,
    pub(crate) double_acks: Tally,
    pub(crate) drop_logins: bool,
    pub(crate) login_refusal: Option<String>,
    /// Pushes of a topic after it was unsubscribed.
    pub(crate) late_pushes: u32,
    pub(crate) reset_mid_frame: bool,
    refusals: Vec<(String, u16, String)>,
    refused_requests: Tally,
    request_refusal: (u16, String),
    rng: Rng,
}

/// What becomes of the welcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Welcome {
    AtOnce,
    Late(Duration),
    Never,
    /// An error frame comes instead.
    Refused {
        code: u16,
        text: String,
    },
}

/// An effect that does not wait for a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Immediate {
    Cut(Cut),
    HalfOpen,
    StopReading,
    Say(Utterance),
}

/// How many frames of a kind something still happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    left: u64,
}

impl Tally {
    fn set(&mut self, count: Option<u32>) {
        self.left = count.map_or(u64::MAX, u64::from);
    }

    /// Whether it happens to this frame; counts it.
    pub(crate) fn take(&mut self) -> bool {
        let happens = self.left > 0;
        if happens && self.left != u64::MAX {
            self.left -= 1;
        }
        happens
    }
}

impl Armed {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            welcome: Welcome::AtOnce,
            swallow_pongs: Tally::default(),
            drop_acks: Tally::default(),
            delay_acks: Tally::default(),
            acks_late_by: Duration::ZERO,
            duplicate: Tally::default(),
            garble: Tally::default(),
            fragment: Tally::default(),
            as_text: Tally::default(),
            deflate: Tally::default(),
            parts: 1,
            drip: Tally::default(),
            drip_by: Duration::ZERO,
            interleave: Tally::default(),
            drop_frames: Tally::default(),
            swap: Tally::default(),
            quote_acks: Tally::default(),
            flawed: Tally::default(),
            flaw: None,
            mutated: Tally::default(),
            mutation: None,
            delay_pongs: Tally::default(),
            pongs_late_by: Duration::ZERO,
            misname_pongs: Tally::default(),
            misname_acks: Tally::default(),
            double_acks: Tally::default(),
            drop_logins: false,
            login_refusal: None,
            late_pushes: 0,
            reset_mid_frame: false,
            refusals: Vec::new(),
            refused_requests: Tally::default(),
            request_refusal: (509, String::new()),
            rng: Rng::new(seed),
        }
    }

    /// Takes an effect in; one that waits for nothing is handed back to be done.
    pub(crate) fn arm(&mut self, effect: Effect) -> Option<Immediate> {
        match effect {
            Effect::SwallowPongs { count } => self.swallow_pongs.set(count),
            Effect::DelayWelcome { by } => self.welcome = Welcome::Late(by),
            Effect::DropWelcome => self.welcome = Welcome::Never,
            Effect::DelayAcks { by, count } => {
                self.acks_late_by = by;
                self.delay_acks.set(count);
            }
            Effect::DropAcks { count } => self.drop_acks.set(count),
            Effect::RefuseTopic { topic, code, text } => self.refusals.push((topic, code, text)),
            Effect::RefuseRequests { code, text, count } => {
                self.request_refusal = (code, text);
                self.refused_requests.set(count);
            }
            Effect::RefuseLogin { text } => self.login_refusal = Some(text),
            Effect::DropLogin => self.drop_logins = true,
            Effect::DoubleAcks { count } => self.double_acks.set(count),
            Effect::MisnameAcks { count } => self.misname_acks.set(count),
            Effect::QuoteAcks { count } => self.quote_acks.set(count),
            Effect::DelayPongs { by, count } => {
                self.pongs_late_by = by;
                self.delay_pongs.set(count);
            }
            Effect::MisnamePongs { count } => self.misname_pongs.set(count),
            Effect::LatePushes { pushes } => self.late_pushes = pushes,
            Effect::RefuseConnection { code, text } => {
                self.welcome = Welcome::Refused { code, text };
            }
            other => return self.arm_frames(other),
        }
        None
    }

    /// Of what happens to pushes, and of what happens at once.
    fn arm_frames(&mut self, effect: Effect) -> Option<Immediate> {
        match effect {
            Effect::Cut(cut) => return Some(Immediate::Cut(cut)),
            Effect::HalfOpen => return Some(Immediate::HalfOpen),
            Effect::StopReading => return Some(Immediate::StopReading),
            Effect::Say(utterance) => return Some(Immediate::Say(utterance)),
            Effect::ResetMidFrame => self.reset_mid_frame = true,
            Effect::DuplicateFrame { count } => self.duplicate.set(count),
            Effect::GarbleFrame { count } => self.garble.set(count),
            Effect::FragmentFrames { parts, count } => {
                self.parts = parts.max(1);
                self.fragment.set(count);
            }
            Effect::TextFrames { count } => self.as_text.set(count),
            Effect::DeflateFrames { count } => self.deflate.set(count),
            Effect::DripFrames { by, count } => {
                self.drip_by = by;
                self.drip.set(count);
            }
            Effect::DropFrames { count } => self.drop_frames.set(count),
            Effect::SwapFrames { count } => self.swap.set(count),
            Effect::InterleavePings { count } => self.interleave.set(count),
            Effect::FlawedFrame { flaw, count } => {
                self.flaw = Some(flaw);
                self.flawed.set(count);
            }
            Effect::MutateFrame {
                mutation,
                field,
                count,
            } => {
                self.mutation = Some((mutation, field));
                self.mutated.set(count);
            }
            // All others act elsewhere and are never sent here.
            _ => {}
        }
        None
    }

    /// Code and text, when this topic is to be refused.
    pub(crate) fn refusal(&self, topic: &str) -> Option<(u16, String)> {
        let refused = self.refusals.iter().find(|refused| refused.0 == topic)?;
        Some((refused.1, refused.2.replace("{topic}", topic)))
    }

    /// Code and text, when this request is to be refused; counts it.
    pub(crate) fn request_refusal(&mut self) -> Option<(u16, String)> {
        self.refused_requests
            .take()
            .then(|| self.request_refusal.clone())
    }

    /// What is wrong with the frame of this push; counts it.
    pub(crate) fn flaw(&mut self) -> Option<Flaw> {
        self.flaw.filter(|_| self.flawed.take())
    }

    /// The push as it is told instead; counts it. None where it is told as it happened.
    pub(crate) fn mutated(&mut self, frame: &str) -> Option<String> {
        let (mutation, field) = self.mutation.as_ref()?;
        let happens = self.mutated.take();
        happens.then(|| mutate(frame, *mutation, field.as_deref(), &mut self.rng))
    }

    /// The frame with one of its quotes changed: an odd number of quotes is never JSON.
    pub(crate) fn garbled(&mut self, frame: &str) -> Vec<u8> {
        let mut bytes = frame.as_bytes().to_vec();
        let quotes: Vec<usize> = (0..bytes.len())
            .filter(|place| bytes[*place] == b'"')
            .collect();
        match quotes.len() {
            0 => bytes.insert(0, b'~'),
            length => bytes[quotes[self.rng.index(length)]] = b'~',
        }
        bytes
    }

    /// Where to split a payload of so many bytes.
    pub(crate) fn splits(&mut self, length: usize) -> Vec<usize> {
        let mut splits: Vec<usize> = (1..self.parts)
            .map(|_| self.rng.index(length + 1))
            .collect();
        splits.sort_unstable();
        splits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_counts_down_or_never_ends() {
        let mut tally = Tally::default();
        assert!(!tally.take());
        tally.set(Some(2));
        assert_eq!(
            [tally.take(), tally.take(), tally.take()],
            [true, true, false]
        );
        tally.set(None);
        assert!((0..1000).all(|_| tally.take()));
    }

    #[test]
    fn a_garbled_frame_is_never_json() {
        let frame = r#"{"topic":"/account/balance","data":{"total":"1"}}"#;
        for seed in 0..200 {
            let garbled = Armed::new(seed).garbled(frame);
            assert_ne!(garbled, frame.as_bytes());
            assert!(serde_json::from_slice::<serde_json::Value>(&garbled).is_err());
        }
    }
}
