//! Rows in hedge mode: one position per leg, and the leg of orders and fills.

use super::*;

const LEG: &[(&str, &str)] = &[
    ("symbol", "s"),
    ("positionSide", "pS"),
    ("size", "q"),
    ("entryPrice", "eP"),
    ("positionMargin", "pM"),
    ("unrealizedPnL", "uPL"),
    ("realizedPnL", "rPL"),
    ("liquidationPrice", "lP"),
    ("updateTime", "U"),
];

fn hedged(steps: usize) -> Pushed {
    let mut pushed = Pushed::of(Account::in_hedge_mode());
    for _ in 0..steps {
        pushed.after(3, |engine| engine.step_on(Host::Futures));
    }
    pushed
}

#[test]
fn open_legs_are_as_last_pushed() {
    let mut pushed = hedged(300);
    let mut hedged = 0;
    for _ in 0..100 {
        pushed.after(3, |engine| engine.step_on(Host::Futures));
        let mut last = pushed.last_by("positionAll.UNIFIED", "pi");
        last.retain(|_, push| push["q"] != "0");
        let list = pushed.get("unified/position/open-list");
        let rows = list.as_array().unwrap();
        for row in rows {
            let push = last.remove(&text(&row["id"])).unwrap();
            same(row, &push, LEG);
        }
        assert!(last.is_empty(), "pushed and not listed: {last:?}");
        let symbols: std::collections::BTreeSet<String> =
            rows.iter().map(|row| text(&row["symbol"])).collect();
        hedged += usize::from(symbols.len() < rows.len());
    }
    assert!(hedged > 50, "{hedged}");
}

#[test]
fn orders_and_fills_name_the_leg_of_their_push() {
    let mut pushed = hedged(600);
    let mut sides = BTreeMap::<String, usize>::new();
    for list in ["history", "open-list"] {
        let target = format!("unified/order/{list}?tradeType=FUTURES");
        let rows = match list {
            "history" => pushed.all(&target),
            _ => pushed.get(&target)["items"].as_array().cloned().unwrap(),
        };
        let last = pushed.last_by("orderAll.UNIFIED", "oi");
        for row in rows {
            let push = &last[&text(&row["orderId"])];
            same(&row, push, &[("positionSide", "pS"), ("side", "S")]);
            *sides.entry(text(&row["positionSide"])).or_default() += 1;
        }
    }
    assert!(sides["LONG"] > 20 && sides["SHORT"] > 20, "{sides:?}");
    let orders = pushed.last_by("orderAll.UNIFIED", "oi");
    let fills = pushed.all("unified/order/execution?tradeType=FUTURES");
    assert!(fills.len() > 50);
    for fill in fills.iter().filter(|fill| fill["orderId"] != "0") {
        let order = &orders[&text(&fill["orderId"])];
        assert_eq!(fill["positionSide"], order["pS"]);
    }
}

#[test]
fn margin_mode_is_listed_once_per_contract() {
    let mut pushed = hedged(1);
    let list = "unified/position/margin-mode";
    assert_eq!(pushed.column(list, "symbol"), crate::CONTRACTS);
}
