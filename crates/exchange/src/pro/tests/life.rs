//! A long life of the account, told whole: every order from its beginning to its end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{NOW, decimal, value};
use crate::engine::Engine;
use crate::pro::teller::Push;
use crate::pro::{Teller, unified_id};

/// Follows the orders of the unified account through the changes that are told.
#[derive(Default)]
struct Follower {
    orders: BTreeMap<String, Value>,
    trades: usize,
}

impl Follower {
    fn see(&mut self, push: &Push) {
        let data = value(&push.data);
        match push.topic() {
            "execution.UNIFIED" if data["fT"] == "NORMAL" => self.execution(&data),
            "orderAll.UNIFIED" => self.order(data),
            _ => {}
        }
    }

    /// The order was told to be filled by the same trade just before.
    fn execution(&mut self, data: &Value) {
        let order = &self.orders[data["oi"].as_str().unwrap()];
        let told = [&order["ti"], &order["lS"], &order["ls"]];
        assert_eq!(told, [&data["ti"], &data["q"], &data["p"]]);
        self.trades += 1;
    }

    fn order(&mut self, data: Value) {
        let number = |key: &str| decimal(data[key].as_str().unwrap());
        if data["qU"] != "QUOTECCY" {
            assert_eq!(number("fS") + number("rS") + number("cS"), number("q"));
        }
        let first = data["eT"] == "OPEN";
        let id = data["oi"].as_str().unwrap();
        let before = self.orders.get(id);
        assert_eq!(before.is_none(), first, "{data}");
        if let Some(before) = before {
            assert!(is_open(before), "nothing follows {before}");
            assert!(number("f") >= decimal(before["f"].as_str().unwrap()));
        }
        let parent = data["toi"].as_str().unwrap();
        if first && !parent.is_empty() {
            let parent = &self.orders[parent];
            assert_eq!(parent["os"], 0, "the parent triggers after its child");
        }
        self.orders.insert(id.to_owned(), data);
    }
}

/// It waits for its trigger, or is in the book.
fn is_open(order: &Value) -> bool {
    matches!(order["os"].as_u64(), Some(0 | 2 | 4))
}

#[test]
fn every_order_has_a_beginning_and_nothing_after_its_end() {
    for seed in 0..4 {
        let mut engine = Engine::new(seed, NOW);
        let mut teller = Teller::new(&engine);
        let mut follower = Follower::default();
        for step in 0..1_500 {
            engine.step(NOW + step * 10);
            for event in engine.take_events() {
                let pushes = teller.tell(&event);
                pushes.iter().for_each(|push| follower.see(push));
            }
            teller.finish().iter().for_each(|push| follower.see(push));
        }
        let orders = follower.orders.len();
        assert!(orders > 100 && follower.trades > 100, "{orders} orders");
        let futures = engine.futures();
        let open = [
            engine.open_orders(),
            engine.open_stops(),
            futures.open_orders(),
            futures.open_stops(),
        ];
        let told = follower.orders.iter().filter(|order| is_open(order.1));
        let mut told: Vec<String> = told.map(|order| order.0.clone()).collect();
        let open = open.iter().flatten();
        let mut open: Vec<String> = open.map(|id| unified_id(id).into_owned()).collect();
        told.sort();
        open.sort();
        assert_eq!(told, open);
    }
}
