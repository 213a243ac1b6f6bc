//! Decides which faults happen now: counts events for the triggers, and selects numbers from ranges with the seed.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Count, Effect, Fault, Faults, Target, Times, Trigger};
use crate::rng::Rng;

/// The faults of a running exchange.
#[derive(Debug)]
pub(crate) struct Plan {
    rules: Vec<Rule>,
    /// Number of events so far, indexed by [`Source`].
    counts: [u64; 4],
    /// Effects that wait for the next events, one effect per event, indexed by [`Source`].
    waiting: [VecDeque<Effect>; 4],
}

/// What triggered a fault. The first four variants are indices of `Plan::counts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Dial,
    Token,
    Rest,
    /// A WebSocket upgrade request.
    Connection,
    /// A push on an open connection.
    Push,
    /// A time, a call or an injection: no particular connection or request.
    TimeOrCall,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    /// The count of the trigger; for a range, the selected number.
    number: u64,
    /// Number of REST queries that the trigger counted.
    queries: u64,
    /// How many times the fault has happened.
    happened: u32,
}

/// The effects of triggered faults, grouped by what they act on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Triggered {
    /// Effects on the dial, token request, REST query or connection that triggered them.
    pub(crate) on_source: Vec<Effect>,
    pub(crate) on_all_connections: Vec<Effect>,
    pub(crate) on_exchange: Vec<Effect>,
    /// The triggered faults as lines of a script, each with its trigger.
    pub(crate) faults: Vec<(String, String)>,
}

/// An effect with its fault as a line of a script.
type DueEffect = (Effect, String);

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
            queries: 0,
            happened: 0,
        });
        Self {
            rules: rules.collect(),
            counts: [0; 4],
            waiting: Default::default(),
        }
    }

    /// Counts a token request.
    pub(crate) fn token_request(&mut self) -> Triggered {
        let counts = |trigger: &Trigger| matches!(trigger, Trigger::Token(_));
        self.count(Source::Token, "token request", counts).1
    }

    /// Counts a REST query of this path.
    pub(crate) fn rest_query(&mut self, path: &str) -> Triggered {
        let counts =
            |trigger: &Trigger| matches!(trigger, Trigger::Rest(_, part) if path.contains(&**part));
        let counting = self
            .rules
            .iter_mut()
            .filter(|rule| counts(&rule.fault.trigger));
        counting.for_each(|rule| rule.queries += 1);
        let is_due = |rule: &Rule| counts(&rule.fault.trigger) && rule.queries >= rule.number;
        let at = |count| format!("REST query {count} ({path})");
        self.trigger(Source::Rest, is_due, at).1
    }

    /// Counts an upgrade request; returns the connection number too.
    pub(crate) fn connection(&mut self) -> (u64, Triggered) {
        let counts = |trigger: &Trigger| matches!(trigger, Trigger::Connection(_));
        self.count(Source::Connection, "connection", counts)
    }

    /// Counts an accepted TCP connection.
    pub(crate) fn dial(&mut self) -> Triggered {
        let counts = |trigger: &Trigger| matches!(trigger, Trigger::Dial(_));
        self.count(Source::Dial, "dial", counts).1
    }

    fn count(
        &mut self,
        source: Source,
        name: &str,
        counts: impl Fn(&Trigger) -> bool,
    ) -> (u64, Triggered) {
        let count = self.counts[source as usize] + 1;
        let is_due = |rule: &Rule| counts(&rule.fault.trigger) && count >= rule.number;
        self.trigger(source, is_due, |count| format!("{name} {count}"))
    }

    /// Counts an event, and triggers the rules that are due.
    fn trigger(
        &mut self,
        source: Source,
        is_due: impl Fn(&Rule) -> bool,
        at: impl Fn(u64) -> String,
    ) -> (u64, Triggered) {
        let count = self.counts[source as usize] + 1;
        self.counts[source as usize] = count;
        let effects = self.take_due(is_due);
        let mut triggered = self.sort(effects, source, || at(count));
        let waiting = self.waiting[source as usize].pop_front();
        triggered.on_source.extend(waiting);
        (count, triggered)
    }

    /// Triggers the faults due after the `pushed`th push of a connection.
    pub(crate) fn frame(&mut self, connection: u64, pushed: u64) -> Triggered {
        let is_due =
            |rule: &Rule| matches!(rule.fault.trigger, Trigger::Frames(_)) && pushed == rule.number;
        let effects = self.take_due(is_due);
        let at = || format!("push {pushed} of connection {connection}");
        self.sort(effects, Source::Push, at)
    }

    /// Returns `true` if a fault is triggered by a number of pushes.
    pub(crate) fn counts_frames(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| matches!(rule.fault.trigger, Trigger::Frames(_)))
    }

    /// Triggers the faults with this name; `None` if no fault has it.
    pub(crate) fn call(&mut self, name: &str) -> Option<Triggered> {
        let named = |trigger: &Trigger| matches!(trigger, Trigger::Call(known) if known == name);
        if !self.rules.iter().any(|rule| named(&rule.fault.trigger)) {
            return None;
        }
        let effects = self.take_due(|rule| named(&rule.fault.trigger));
        Some(self.sort(effects, Source::TimeOrCall, || format!("call {name}")))
    }

    /// Triggers an effect that is not in the list.
    pub(crate) fn inject(&mut self, effect: Effect) -> Triggered {
        let due = (effect.clone(), effect.to_string());
        self.sort(vec![due], Source::TimeOrCall, || "injected".to_owned())
    }

    /// Returns the indices of the rules with a time, for [`Self::timer`].
    pub(crate) fn timers(&self) -> Vec<(Duration, usize)> {
        let timer = |(index, rule): (usize, &Rule)| match rule.fault.trigger {
            Trigger::After(delay) => Some((delay, index)),
            _ => None,
        };
        self.rules.iter().enumerate().filter_map(timer).collect()
    }

    /// Triggers the rule of a timer. An effect on requests acts on the next `times` requests.
    pub(crate) fn timer(&mut self, index: usize) -> Triggered {
        let Some(rule) = self.rules.get(index) else {
            return Triggered::default();
        };
        let repeats = match (rule.fault.effect.target(), rule.fault.times) {
            (
                Target::Token | Target::Rest | Target::Dial | Target::Opening,
                Times::Exactly(times),
            ) => times,
            _ => 1,
        };
        let due = || (rule.fault.effect.clone(), rule.fault.to_string());
        let effects = (0..repeats).map(|_| due()).collect();
        let at = rule.fault.trigger.to_string();
        let mut triggered = self.sort(effects, Source::TimeOrCall, || at.clone());
        // Report it as one fault.
        triggered.faults.truncate(1);
        triggered
    }

    /// Returns the effects of the rules that are due, and counts them as happened.
    fn take_due(&mut self, is_due: impl Fn(&Rule) -> bool) -> Vec<DueEffect> {
        let mut effects = Vec::new();
        for rule in &mut self.rules {
            let may_happen = match rule.fault.times {
                Times::Always => true,
                Times::Exactly(times) => rule.happened < times,
            };
            if may_happen && is_due(rule) {
                rule.happened = rule.happened.saturating_add(1);
                effects.push((rule.fault.effect.clone(), rule.fault.to_string()));
            }
        }
        effects
    }

    fn sort(
        &mut self,
        effects: Vec<DueEffect>,
        source: Source,
        at: impl Fn() -> String,
    ) -> Triggered {
        let mut triggered = Triggered::default();
        for (effect, fault) in effects {
            triggered.faults.push((fault, at()));
            match (effect.target(), source) {
                (Target::Exchange, _) => triggered.on_exchange.push(effect),
                (Target::Dial, Source::Dial)
                | (Target::Token, Source::Token)
                | (Target::Rest, Source::Rest)
                | (Target::Opening | Target::Socket, Source::Connection)
                | (Target::Socket, Source::Push) => triggered.on_source.push(effect),
                (Target::Dial, _) => self.waiting[Source::Dial as usize].push_back(effect),
                (Target::Token, _) => self.waiting[Source::Token as usize].push_back(effect),
                (Target::Rest, _) => self.waiting[Source::Rest as usize].push_back(effect),
                (Target::Socket, Source::TimeOrCall) => triggered.on_all_connections.push(effect),
                // The connection, if any, is already open.
                (Target::Opening | Target::Socket, _) => {
                    self.waiting[Source::Connection as usize].push_back(effect);
                }
            }
        }
        triggered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Cut, DialFault, RestFault, UpgradeFault};

    fn plan(script: &str) -> Plan {
        Plan::new(script.parse().unwrap(), 7)
    }

    #[test]
    fn fault_happens_at_its_count_and_times() {
        let mut plan = plan("token 2: token-html times=2");
        let hits: Vec<usize> = (0..5)
            .map(|_| plan.token_request().on_source.len())
            .collect();
        assert_eq!(hits, [0, 1, 1, 0, 0]);
    }

    #[test]
    fn frames_are_counted_per_connection() {
        let mut plan = plan("after 3 frames: cut how=eof times=2");
        assert!(plan.counts_frames());
        let hits: Vec<usize> = [1, 2, 3, 4, 3, 3]
            .iter()
            .map(|pushed| plan.frame(1, *pushed).on_source.len())
            .collect();
        assert_eq!(hits, [0, 0, 1, 0, 1, 0]);
    }

    #[test]
    fn effect_that_cannot_act_waits_for_the_next_source() {
        let mut plan = plan(
            "call storm: token-html times=1\ncall storm: drop-welcome\ncall storm: cut how=reset",
        );
        let triggered = plan.call("storm").unwrap();
        assert_eq!(triggered.on_all_connections, [Effect::Cut(Cut::Reset)]);
        assert_eq!(plan.token_request().on_source, [Effect::TokenHtml]);
        assert_eq!(plan.token_request().on_source, []);
        assert_eq!(plan.connection().1.on_source, [Effect::DropWelcome]);
        assert!(plan.call("calm").is_none());
    }

    #[test]
    fn dial_effect_waits_for_the_next_dial() {
        let mut plan = plan(
            "dial 2: dial-reset\nconnection 1: dial-stall\nafter 1 frames: upgrade-stall\ndial 1: half-open",
        );
        assert_eq!(plan.dial().on_source, []);
        assert_eq!(plan.dial().on_source, [Effect::Dial(DialFault::Reset)]);
        assert_eq!(plan.connection().1.on_source, [Effect::HalfOpen]);
        assert_eq!(plan.dial().on_source, [Effect::Dial(DialFault::Stall)]);
        assert_eq!(plan.frame(1, 1).on_source, []);
        assert_eq!(
            plan.connection().1.on_source,
            [Effect::Upgrade(UpgradeFault::Stall)]
        );
    }

    #[test]
    fn seed_selects_the_number_of_a_range() {
        let number = |seed| {
            let mut plan = Plan::new("token 1..1000: token-html".parse().unwrap(), seed);
            (1..=1000)
                .find(|_| !plan.token_request().on_source.is_empty())
                .unwrap()
        };
        assert_eq!(number(1), number(1));
        assert!((2..20).any(|seed| number(seed) != number(1)));
    }

    #[test]
    fn timer_acts_on_the_next_requests() {
        let mut plan = plan("after 5s: token-html times=2\nafter 1s: half-open");
        assert_eq!(
            plan.timers(),
            [(Duration::from_secs(5), 0), (Duration::from_secs(1), 1)]
        );
        assert_eq!(plan.timer(1).on_all_connections, [Effect::HalfOpen]);
        plan.timer(0);
        let hits: Vec<usize> = (0..3)
            .map(|_| plan.token_request().on_source.len())
            .collect();
        assert_eq!(hits, [1, 1, 0]);
    }

    #[test]
    fn rest_queries_are_counted_per_path() {
        let mut plan =
            plan("rest 2 /hf/fills: rest-html times=2\nrest 3: rest-close\ntoken 1: rest-overload");
        plan.token_request();
        let paths = [
            "/hf/fills",
            "/hf/orders",
            "/hf/fills",
            "/hf/orders",
            "/hf/fills",
        ];
        let hits = paths.map(|path| plan.rest_query(path).on_source);
        let effects = |faults: &[RestFault]| -> Vec<Effect> {
            faults.iter().cloned().map(Effect::Rest).collect()
        };
        assert_eq!(
            hits,
            [
                effects(&[RestFault::Overload]),
                vec![],
                effects(&[RestFault::Html, RestFault::Close]),
                vec![],
                effects(&[RestFault::Html]),
            ]
        );
    }
}
