//! The faults that are active on one connection, and how many frames each of them still happens to.

use std::mem::discriminant;

use super::Effect;
use crate::rng::Rng;

/// The effects that wait on one connection for the frames that they happen to.
#[derive(Debug)]
pub(crate) struct ActiveFaults {
    /// Each effect with the number of frames that are left, the newest last.
    active: Vec<(Effect, u64)>,
    /// Decides what the effects leave open.
    pub(crate) rng: Rng,
}

/// Takes the next effect of a kind, and counts it: whether it is active, or what its pattern binds.
///
/// `take!(faults, Effect::DropAcks { .. })` is a flag, `take!(faults, Effect::DelayAcks { by, .. } => *by)` an option.
macro_rules! take {
    ($faults:expr, $effect:pat) => {
        $faults
            .take(|effect| matches!(effect, $effect).then_some(()))
            .is_some()
    };
    ($faults:expr, $effect:pat $(if $condition:expr)? => $value:expr) => {
        $faults.take(|effect| match effect {
            $effect $(if $condition)? => Some($value),
            _ => None,
        })
    };
}

pub(crate) use take;

impl ActiveFaults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            active: Vec::new(),
            rng: Rng::new(seed),
        }
    }

    /// Activates an effect. It replaces one of its kind, but for refusals of topics, of which there may be many.
    pub(crate) fn activate(&mut self, effect: Effect) {
        if !matches!(effect, Effect::RefuseTopic { .. }) {
            let kind = discriminant(&effect);
            self.active.retain(|known| discriminant(&known.0) != kind);
        }
        let frames = effect.frames();
        self.active.push((effect, frames));
    }

    /// Takes the first effect for which `wanted` has a value; see [`take!`].
    pub(crate) fn take<T>(&mut self, mut wanted: impl FnMut(&Effect) -> Option<T>) -> Option<T> {
        let mut active = self.active.iter().enumerate();
        let (place, value) = active.find_map(|(place, known)| Some((place, wanted(&known.0)?)))?;
        let left = &mut self.active[place].1;
        if *left != u64::MAX {
            *left -= 1;
        }
        if *left == 0 {
            self.active.remove(place);
        }
        Some(value)
    }

    /// Code and text, if a request for this topic is to be refused.
    pub(crate) fn topic_refusal(&mut self, wanted: &str) -> Option<(u16, String)> {
        take!(self, Effect::RefuseTopic { topic, code, text } if topic == wanted => {
            (*code, text.replace("{topic}", topic))
        })
    }

    /// Code and text, if this request is to be refused whatever it asks for.
    pub(crate) fn request_refusal(&mut self) -> Option<(u16, String)> {
        take!(self, Effect::RefuseRequests { code, text, .. } => (*code, text.clone()))
    }

    /// What happens to the welcome: the newest of the effects on it.
    pub(crate) fn on_welcome(&self) -> Option<Effect> {
        let mut newest = self.active.iter().rev().map(|known| &known.0);
        let effect = newest.find(|effect| {
            matches!(
                effect,
                Effect::DelayWelcome { .. } | Effect::DropWelcome | Effect::RefuseConnection { .. }
            )
        });
        effect.cloned()
    }

    /// The number of pushes of a topic after it was unsubscribed.
    pub(crate) fn late_pushes(&mut self) -> u32 {
        take!(self, Effect::LatePushes { pushes } => *pushes).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effect_happens_to_its_number_of_frames_and_replaces_its_kind() {
        let mut faults = ActiveFaults::new(1);
        let taken = |faults: &mut ActiveFaults| take!(faults, Effect::DropAcks { .. });
        assert!(!taken(&mut faults));
        faults.activate(Effect::DropAcks { count: Some(9) });
        faults.activate(Effect::DropAcks { count: Some(2) });
        assert_eq!([(); 3].map(|()| taken(&mut faults)), [true, true, false]);
        faults.activate(Effect::DropAcks { count: None });
        assert!((0..1000).all(|_| taken(&mut faults)));
    }
}
