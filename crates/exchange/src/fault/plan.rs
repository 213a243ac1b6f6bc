//! Which faults happen now: counts what the triggers count, and draws what the seed decides.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Count, Effect, Fault, Faults, Place, Times, Trigger};
use crate::rng::Rng;

/// The faults of a running exchange.
#[derive(Debug)]
pub(crate) struct Plan {
    rules: Vec<Rule>,
    /// The dials, token requests and requests for a socket so far.
    counts: [u64; 3],
    /// Effects for the next dials, token requests and connections, one each.
    waiting: [VecDeque<Effect>; 3],
}

/// What pulled a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Dial,
    Token,
    /// A request for a socket.
    Connection,
    /// A push on a connection that is open.
    Frame,
    /// A time or a name: nothing that an effect could act on by itself.
    Elsewhere,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    /// The trigger's number, drawn when the exchange started.
    number: u64,
    fired: u32,
}

/// The effects that a trigger released, by where they act.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fired {
    /// On the token request or connection that pulled the trigger.
    pub(crate) here: Vec<Effect>,
    /// On every live connection.
    pub(crate) everywhere: Vec<Effect>,
    /// On the exchange.
    pub(crate) exchange: Vec<Effect>,
    /// What was triggered, as a line of a script, and what triggered it.
    pub(crate) happened: Vec<(String, String)>,
}

/// An effect and the fault that it comes from, as a line of a script.
type Pulled = (Effect, String);

impl Plan {
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xFA17);
        let rules = faults.list.into_iter().map(|fault| Rule {
            number: match fault.trigger.count() {
                Some(Count::Exactly(number)) => number,
                Some(Count::Between(low, high)) => rng.between(low, high),
                None => 0,
            },
            fault,
            fired: 0,
        });
        Self {
            rules: rules.collect(),
            counts: [0; 3],
            waiting: Default::default(),
        }
    }

    /// A token request came in.
    pub(crate) fn token_request(&mut self) -> Fired {
        let is_ours = |trigger: &Trigger| matches!(trigger, Trigger::Token(_));
        self.count(Moment::Token, "token request", is_ours).1
    }

    /// A socket was asked for: the number of its connection, and what happens to it.
    pub(crate) fn connection(&mut self) -> (u64, Fired) {
        let is_ours = |trigger: &Trigger| matches!(trigger, Trigger::Connection(_));
        self.count(Moment::Connection, "connection", is_ours)
    }

    /// A TCP connection was accepted.
    pub(crate) fn dial(&mut self) -> Fired {
        let is_ours = |trigger: &Trigger| matches!(trigger, Trigger::Dial(_));
        self.count(Moment::Dial, "dial", is_ours).1
    }

    fn count(
        &mut self,
        moment: Moment,
        name: &str,
        is_ours: impl Fn(&Trigger) -> bool,
    ) -> (u64, Fired) {
        let now = self.counts[moment as usize] + 1;
        self.counts[moment as usize] = now;
        let effects = self.pull(|trigger, number| is_ours(trigger) && now >= number);
        let mut fired = self.sort(effects, moment, || format!("{name} {now}"));
        fired.here.extend(self.waiting[moment as usize].pop_front());
        (now, fired)
    }

    /// A connection has been sent its `pushed`th push.
    pub(crate) fn frame(&mut self, connection: u64, pushed: u64) -> Fired {
        let effects =
            self.pull(|trigger, number| matches!(trigger, Trigger::Frames(_)) && pushed == number);
        let at = || format!("push {pushed} of connection {connection}");
        self.sort(effects, Moment::Frame, at)
    }

    /// Whether counting frames matters at all.
    pub(crate) fn counts_frames(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| matches!(rule.fault.trigger, Trigger::Frames(_)))
    }

    /// A name was called; None when no fault has it.
    pub(crate) fn call(&mut self, name: &str) -> Option<Fired> {
        let named = |trigger: &Trigger| matches!(trigger, Trigger::Call(known) if known == name);
        if !self.rules.iter().any(|rule| named(&rule.fault.trigger)) {
            return None;
        }
        let effects = self.pull(|trigger, _| named(trigger));
        Some(self.sort(effects, Moment::Elsewhere, || format!("call {name}")))
    }

    /// An effect without a rule, now.
    pub(crate) fn inject(&mut self, effect: Effect) -> Fired {
        let pulled = (effect.clone(), effect.to_string());
        self.sort(vec![pulled], Moment::Elsewhere, || "injected".to_owned())
    }

    /// The rules that are triggered by time, with their times.
    pub(crate) fn timers(&self) -> Vec<(Duration, usize)> {
        let timer = |(index, rule): (usize, &Rule)| match rule.fault.trigger {
            Trigger::After(delay) => Some((delay, index)),
            _ => None,
        };
        self.rules.iter().enumerate().filter_map(timer).collect()
    }

    /// The time of a rule has come. Effects on requests to come happen to that number of them.
    pub(crate) fn timer(&mut self, index: usize) -> Fired {
        let Some(rule) = self.rules.get(index) else {
            return Fired::default();
        };
        let repeats = match (rule.fault.effect.place(), rule.fault.times) {
            (Place::Token | Place::Dial | Place::Opening, Times::Exactly(times)) => times,
            _ => 1,
        };
        let pulled = || (rule.fault.effect.clone(), rule.fault.to_string());
        let effects = (0..repeats).map(|_| pulled()).collect();
        let at = rule.fault.trigger.to_string();
        let mut fired = self.sort(effects, Moment::Elsewhere, || at.clone());
        // It is one fault, however many requests it waits for.
        fired.happened.truncate(1);
        fired
    }

    fn pull(&mut self, due: impl Fn(&Trigger, u64) -> bool) -> Vec<Pulled> {
        let mut effects = Vec::new();
        for rule in &mut self.rules {
            let left = match rule.fault.times {
                Times::Always => true,
                Times::Exactly(times) => rule.fired < times,
            };
            if left && due(&rule.fault.trigger, rule.number) {
                rule.fired = rule.fired.saturating_add(1);
                effects.push((rule.fault.effect.clone(), rule.fault.to_string()));
            }
        }
        effects
    }

    fn sort(&mut self, effects: Vec<Pulled>, moment: Moment, at: impl Fn() -> String) -> Fired {
        let mut fired = Fired::default();
        for (effect, fault) in effects {
            fired.happened.push((fault, at()));
            match (effect.place(), moment) {
                (Place::Exchange, _) => fired.exchange.push(effect),
                (Place::Dial, Moment::Dial)
                | (Place::Token, Moment::Token)
                | (Place::Opening | Place::Socket, Moment::Connection)
                | (Place::Socket, Moment::Frame) => fired.here.push(effect),
                (Place::Dial, _) => self.waiting[Moment::Dial as usize].push_back(effect),
                (Place::Token, _) => self.waiting[Moment::Token as usize].push_back(effect),
                (Place::Socket, Moment::Elsewhere) => fired.everywhere.push(effect),
                // What acts on opening waits for the next connection, as this one is open already.
                (Place::Opening | Place::Socket, _) => {
                    self.waiting[Moment::Connection as usize].push_back(effect);
                }
            }
        }
        fired
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Cut, DialFault, UpgradeFault};

    fn plan(script: &str) -> Plan {
        Plan::new(script.parse().unwrap(), 7)
    }

    #[test]
    fn a_fault_happens_at_its_number_and_so_many_times() {
        let mut plan = plan("token 2: token-html times=2");
        let hits: Vec<usize> = (0..5).map(|_| plan.token_request().here.len()).collect();
        assert_eq!(hits, [0, 1, 1, 0, 0]);
    }

    #[test]
    fn frames_are_counted_for_each_connection() {
        let mut plan = plan("after 3 frames: cut how=eof times=2");
        assert!(plan.counts_frames());
        let hits: Vec<usize> = [1, 2, 3, 4, 3, 3]
            .iter()
            .map(|pushed| plan.frame(1, *pushed).here.len())
            .collect();
        assert_eq!(hits, [0, 0, 1, 0, 1, 0]);
    }

    #[test]
    fn what_cannot_act_now_waits_for_its_turn() {
        let mut plan = plan(
            "call storm: token-html times=1\ncall storm: drop-welcome\ncall storm: cut how=reset",
        );
        let fired = plan.call("storm").unwrap();
        assert_eq!(fired.everywhere, [Effect::Cut(Cut::Reset)]);
        assert_eq!(plan.token_request().here, [Effect::TokenHtml]);
        assert_eq!(plan.token_request().here, []);
        assert_eq!(plan.connection().1.here, [Effect::DropWelcome]);
        assert!(plan.call("calm").is_none());
    }

    #[test]
    fn what_acts_on_a_dial_waits_for_one() {
        let mut plan = plan(
            "dial 2: dial-reset\nconnection 1: dial-stall\nafter 1 frames: upgrade-stall\ndial 1: half-open",
        );
        assert_eq!(plan.dial().here, []);
        assert_eq!(plan.dial().here, [Effect::Dial(DialFault::Reset)]);
        assert_eq!(plan.connection().1.here, [Effect::HalfOpen]);
        assert_eq!(plan.dial().here, [Effect::Dial(DialFault::Stall)]);
        assert_eq!(plan.frame(1, 1).here, []);
        assert_eq!(
            plan.connection().1.here,
            [Effect::Upgrade(UpgradeFault::Stall)]
        );
    }

    #[test]
    fn a_range_is_drawn_by_the_seed() {
        let number = |seed| {
            let mut plan = Plan::new("token 1..1000: token-html".parse().unwrap(), seed);
            (1..=1000)
                .find(|_| !plan.token_request().here.is_empty())
                .unwrap()
        };
        assert_eq!(number(1), number(1));
        assert!((2..20).any(|seed| number(seed) != number(1)));
    }

    #[test]
    fn a_timer_arms_as_many_requests_as_it_says() {
        let mut plan = plan("after 5s: token-html times=2\nafter 1s: half-open");
        assert_eq!(
            plan.timers(),
            [(Duration::from_secs(5), 0), (Duration::from_secs(1), 1)]
        );
        assert_eq!(plan.timer(1).everywhere, [Effect::HalfOpen]);
        plan.timer(0);
        let hits: Vec<usize> = (0..3).map(|_| plan.token_request().here.len()).collect();
        assert_eq!(hits, [1, 1, 0]);
    }
}
