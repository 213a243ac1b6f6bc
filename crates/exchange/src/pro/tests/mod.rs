//! Tests of Pro V2 pushes.

mod account;
mod hedge;
mod life;
mod orders;

use serde_json::Value;

use super::ProRenderer;
use crate::engine::Engine;
pub(crate) use crate::engine::test_util::decimal;

const NOW: u64 = 1_765_465_341_363;

/// An account and its Pro V2 pushes, as topic and data.
struct Reported {
    engine: Engine,
    renderer: ProRenderer,
}

impl Reported {
    fn new() -> Self {
        let engine = Engine::new(1, NOW);
        let renderer = ProRenderer::new(&engine);
        Self { engine, renderer }
    }

    fn all(&mut self) -> Vec<(&'static str, String)> {
        let events = self.engine.take_events();
        let renderer = &mut self.renderer;
        let pushes = events.iter().flat_map(|event| renderer.render(event));
        let mut pushes: Vec<_> = pushes.collect();
        pushes.extend(renderer.finish());
        let pushes = pushes.into_iter();
        pushes.map(|push| (push.topic(), push.data)).collect()
    }

    fn on(&mut self, topic: &str) -> Vec<String> {
        of(&self.all(), topic)
    }
}

/// Returns the data of the pushes on one topic.
fn of(pushes: &[(&'static str, String)], topic: &str) -> Vec<String> {
    let on_topic = pushes.iter().filter(|push| push.0 == topic);
    on_topic.map(|push| push.1.clone()).collect()
}

fn value(data: &str) -> Value {
    serde_json::from_str(data).unwrap()
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
