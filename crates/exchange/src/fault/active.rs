//! The active effects of one connection, each with the number of messages that it still acts on.

use std::mem::discriminant;

use super::Effect;
use crate::rng::Rng;

/// The active effects of one connection.
#[derive(Debug)]
pub(crate) struct ActiveFaults {
    /// Effects, each with the number of messages that it still acts on; the newest effect is last.
    active: Vec<(Effect, u64)>,
    /// Random numbers for the choices of the effects.
    pub(crate) rng: Rng,
}

/// Finds the first active effect that matches a pattern, and counts one message for it.
///
/// `take!(faults, Effect::DropAcks { .. })` returns a `bool`, `take!(faults, Effect::DelayAcks { by, .. } => *by)` an
/// `Option`.
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

    /// Activates an effect.
    ///
    /// It replaces an active effect of the same variant, except `RefuseTopic`, which may refuse several topics.
    pub(crate) fn activate(&mut self, effect: Effect) {
        if !matches!(effect, Effect::RefuseTopic { .. }) {
            let kind = discriminant(&effect);
            self.active.retain(|known| discriminant(&known.0) != kind);
        }
        let frames = effect.frames();
        self.active.push((effect, frames));
    }

    /// Takes the first effect for which `select` returns a value; see [`take!`].
    pub(crate) fn take<T>(&mut self, mut select: impl FnMut(&Effect) -> Option<T>) -> Option<T> {
        let mut active = self.active.iter().enumerate();
        let (index, value) = active.find_map(|(index, known)| Some((index, select(&known.0)?)))?;
        let left = &mut self.active[index].1;
        if *left != u64::MAX {
            *left -= 1;
        }
        if *left == 0 {
            self.active.remove(index);
        }
        Some(value)
    }

    /// Returns code and text if a subscription to this topic is refused; otherwise `None`.
    pub(crate) fn topic_refusal(&mut self, requested: &str) -> Option<(u16, String)> {
        take!(self, Effect::RefuseTopic { topic, code, text } if topic == requested => {
            (*code, text.replace("{topic}", topic))
        })
    }

    /// Returns code and text if the next request is refused, for any topic; otherwise `None`.
    pub(crate) fn request_refusal(&mut self) -> Option<(u16, String)> {
        take!(self, Effect::RefuseRequests { code, text, .. } => (*code, text.clone()))
    }

    /// Returns the newest effect on the welcome.
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

    /// Returns the number of pushes to send after an unsubscribe request.
    pub(crate) fn late_pushes(&mut self) -> u32 {
        take!(self, Effect::LatePushes { pushes } => *pushes).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effect_counts_its_messages_and_replaces_its_variant() {
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
