//! What the account does as it is told: an account, and the data of its pushes by topic.

mod account;
mod life;
mod orders;

use rust_decimal::Decimal;
use serde_json::Value;

use super::Teller;
use crate::engine::Engine;

const NOW: u64 = 1_765_465_341_363;

/// An account and what is told of it: the topic and the data of each push.
struct Told {
    engine: Engine,
    teller: Teller,
}

impl Told {
    fn new() -> Self {
        let engine = Engine::new(1, NOW);
        let teller = Teller::new(&engine);
        Self { engine, teller }
    }

    fn all(&mut self) -> Vec<(&'static str, String)> {
        let events = self.engine.take_events();
        let mut pushes: Vec<_> = events
            .iter()
            .flat_map(|event| self.teller.tell(event))
            .collect();
        pushes.extend(self.teller.finish());
        pushes
            .into_iter()
            .map(|push| (push.topic(), push.data))
            .collect()
    }

    fn on(&mut self, topic: &str) -> Vec<String> {
        let all = self.all().into_iter();
        all.filter(|push| push.0 == topic)
            .map(|push| push.1)
            .collect()
    }
}

fn value(data: &str) -> Value {
    serde_json::from_str(data).unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// `os/eT` of each change.
fn steps(changes: &[String]) -> Vec<String> {
    let step = |data: &String| {
        let data = value(data);
        format!("{}/{}", data["os"], data["eT"].as_str().unwrap())
    };
    changes.iter().map(step).collect()
}

fn keys(data: &str) -> Vec<String> {
    value(data).as_object().unwrap().keys().cloned().collect()
}
