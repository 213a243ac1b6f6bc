//! A long run of random activity: every order is reported from beginning to end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{NOW, decimal, value};
use crate::engine::{Engine, Host};
use crate::pro::{ProRenderer, Push, unified_id};

/// Tracks the orders of the unified account through their pushes.
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

    /// Checks that the order was reported as filled by the same trade just before.
    fn execution(&mut self, data: &Value) {
        let order = &self.orders[data["oi"].as_str().unwrap()];
        let reported = [&order["ti"], &order["lS"], &order["ls"]];
        assert_eq!(reported, [&data["ti"], &data["q"], &data["p"]]);
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

/// Returns `true` if the order is untriggered or in the book.
fn is_open(order: &Value) -> bool {
    matches!(order["os"].as_u64(), Some(0 | 2 | 4))
}

#[test]
fn every_order_begins_once_and_ends_once() {
    for seed in 0..4 {
        let mut engine = Engine::new(seed, NOW);
        let mut renderer = ProRenderer::new(&engine);
        let mut follower = Follower::default();
        for step in 0..1_500 {
            engine.at(NOW + step * 10).step();
            for event in engine.take_events() {
                let pushes = renderer.render(&event);
                pushes.iter().for_each(|push| follower.see(push));
            }
            renderer.finish().iter().for_each(|push| follower.see(push));
        }
        let orders = follower.orders.len();
        assert!(orders > 100 && follower.trades > 100, "{orders} orders");
        let hosts = [Host::Spot, Host::Futures];
        let orders = hosts.map(|host| engine.open_orders(host));
        let stops = hosts.map(|host| engine.open_stops(host));
        let open = orders.iter().chain(&stops).flatten();
        let mut open: Vec<String> = open.map(|id| unified_id(id).into_owned()).collect();
        let reported = follower.orders.iter().filter(|order| is_open(order.1));
        let mut reported: Vec<String> = reported.map(|order| order.0.clone()).collect();
        reported.sort();
        open.sort();
        assert_eq!(reported, open);
    }
}
