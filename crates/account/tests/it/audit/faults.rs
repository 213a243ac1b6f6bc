//! Runs with one fault each: there is exactly one discrepancy, with the right amounts and the right first suspect.

use std::collections::BTreeMap;

use kucoin_streams_account::{Discrepancy, Suspect};
use kucoin_streams_core::Decimal;
use kucoin_streams_exchange::Exchange;
use kucoin_streams_pro::ProEvent;
use kucoin_streams_v1::{
    Balance, FuturesEvent, FuturesPosition, RelationContext, SpotEvent, SpotOrder, V1Event,
};

use super::clean::{fund_margin, is_unified_topic, trade_unified};
use super::run::{Player, Pushed, Recorded, Recorder, Rng, exchange};

/// Number of seeds: `AUDIT_SEEDS`, by default small enough for every test run.
fn seeds() -> std::ops::Range<u64> {
    let given = std::env::var("AUDIT_SEEDS").ok();
    100..100 + given.map_or(5, |seeds| seeds.parse::<u64>().unwrap())
}

const BURSTS: usize = 400;
/// Pushes at the start that have no fault: the audit has nothing to compare them with.
const WARM_UP: usize = 300;

type Amounts = BTreeMap<String, Decimal>;

/// What one fault should lead to.
struct Expected {
    amounts: Amounts,
    is_first_suspect: fn(&Suspect) -> bool,
}

impl Expected {
    fn new<'a>(
        amounts: impl IntoIterator<Item = (&'a str, Decimal)>,
        is_first_suspect: fn(&Suspect) -> bool,
    ) -> Self {
        let mut sums = Amounts::new();
        for (currency, amount) in amounts {
            *sums.entry(currency.to_owned()).or_default() += amount;
        }
        Self {
            amounts: sums
                .into_iter()
                .map(|(name, sum)| (name, sum.normalize()))
                .collect(),
            is_first_suspect,
        }
    }
}

#[track_caller]
fn assert_found(found: &[Discrepancy], expected: &Expected, what: &str) {
    let [found] = found else {
        panic!("{what}: {found:#?}, expected {:?}", expected.amounts);
    };
    let amounts = found.amounts.iter();
    let amounts: Amounts = amounts
        .map(|amount| (amount.currency.to_string(), amount.amount))
        .collect();
    assert_eq!(amounts, expected.amounts, "{what}: {found:#?}");
    let first = found.suspects.first().expect("a suspect");
    assert!((expected.is_first_suspect)(first), "{what}: {found:#?}");
}

/// Records runs of many seeds, injects a fault in each, and checks what the audit finds.
///
/// The fault gets the pushes and the index of one of the candidates.
fn check(
    record: fn(u64) -> Vec<Recorded>,
    bursts_per_pause: &[usize],
    is_candidate: impl Fn(&[Recorded], usize) -> bool,
    fault: impl Fn(&mut Vec<Recorded>, usize) -> Expected,
) {
    for seed in seeds() {
        let pushes = record(seed);
        let candidates: Vec<usize> = (WARM_UP..pushes.len() - WARM_UP)
            .filter(|at| is_candidate(&pushes, *at))
            .collect();
        let mut rng = Rng(seed);
        for bursts in bursts_per_pause {
            let at = candidates[rng.below(candidates.len())];
            let mut pushes = pushes.clone();
            let what = format!("seed {seed}, {bursts} bursts, {:?}", pushes[at].event);
            let expected = fault(&mut pushes, at);
            let mut player = Player::new(*bursts);
            player.play(pushes);
            assert_found(&player.end(), &expected, &what);
        }
    }
}

fn record_v1(seed: u64) -> Vec<Recorded> {
    let (_runtime, exchange) = exchange(seed);
    let mut recorder = Recorder::new(exchange.truth(), |topic| {
        matches!(topic, "/spotMarket/tradeOrdersV2" | "/account/balance")
    });
    recorder.record(BURSTS, || exchange.account().step(1))
}

fn record_futures(seed: u64) -> Vec<Recorded> {
    let (_runtime, exchange) = exchange(seed);
    let mut recorder = Recorder::new(exchange.truth(), |topic| {
        matches!(
            topic,
            "/contractMarket/tradeOrders" | "/contract/positionAll"
        )
    });
    recorder.record(BURSTS, || exchange.account().futures().step(1))
}

fn record_unified(seed: u64) -> Vec<Recorded> {
    let (_runtime, exchange) = exchange(seed);
    fund_margin(&exchange);
    let mut rng = Rng(seed);
    let mut recorder = Recorder::new(exchange.pro_truth(), is_unified_topic);
    recorder.record(BURSTS * 2, || trade_unified(&exchange, &mut rng))
}

fn record_executions(seed: u64) -> Vec<Recorded> {
    let (_runtime, exchange): (_, Exchange) = exchange(seed);
    fund_margin(&exchange);
    let mut rng = Rng(seed);
    let mut recorder = Recorder::new(exchange.pro_truth(), |topic| {
        matches!(topic, "execution.SPOT" | "balance.SPOT")
    });
    recorder.record(BURSTS * 2, || trade_unified(&exchange, &mut rng))
}

fn order(push: &Recorded) -> Option<&SpotOrder> {
    match &push.event {
        Pushed::V1(V1Event::Spot(SpotEvent::Order(order))) => Some(order),
        _ => None,
    }
}

fn balance(push: &Recorded) -> Option<&Balance> {
    match &push.event {
        Pushed::V1(V1Event::Spot(SpotEvent::Balance(balance))) => Some(balance),
        _ => None,
    }
}

fn balance_mut(push: &mut Recorded) -> Option<&mut Balance> {
    match &mut push.event {
        Pushed::V1(V1Event::Spot(SpotEvent::Balance(balance))) => Some(balance),
        _ => None,
    }
}

fn context(balance: &Balance) -> &RelationContext {
    balance.relation_context.as_ref().unwrap()
}

fn change(balance: &Balance) -> Decimal {
    balance.available_change.unwrap() + balance.hold_change.unwrap()
}

fn is_settled(push: &Recorded) -> bool {
    balance(push).is_some_and(|balance| context(balance).trade_id.is_some())
}

fn is_lost_push_of(suspect: &Suspect, name: &str) -> bool {
    matches!(suspect, Suspect::LostPush { topic, .. } if topic.starts_with(name))
}

/// Adds an amount to the balances of this account and currency from here on.
fn shift(pushes: &mut [Recorded], of: &Balance, amount: Decimal) {
    for later in pushes.iter_mut().filter_map(balance_mut) {
        if later.account_id == of.account_id && later.currency == of.currency {
            *later.available.as_mut().unwrap() += amount;
            *later.total.as_mut().unwrap() += amount;
        }
    }
}

#[test]
fn lost_order_push_is_one_discrepancy_with_both_currencies() {
    check(
        record_v1,
        &[1, 5, usize::MAX],
        |pushes, at| order(&pushes[at]).is_some_and(|order| order.fill().is_some()),
        |pushes, at| {
            let fill = order(&pushes.remove(at)).unwrap().fill().unwrap();
            let trade_id = Some(fill.trade_id);
            let changes = pushes.iter().filter_map(balance);
            let changes = changes.filter(|balance| context(balance).trade_id == trade_id);
            let changes = changes.map(|balance| (balance.currency.as_str(), change(balance)));
            Expected::new(changes, |suspect| {
                is_lost_push_of(suspect, "/spotMarket/tradeOrdersV2")
            })
        },
    );
}

#[test]
fn lost_balance_push_of_a_trade_is_one_discrepancy() {
    check(
        record_v1,
        &[1, 5, usize::MAX],
        |pushes, at| is_settled(&pushes[at]),
        |pushes, at| {
            let gone = pushes.remove(at);
            let gone = balance(&gone).unwrap();
            Expected::new([(gone.currency.as_str(), change(gone))], |suspect| {
                is_lost_push_of(suspect, "/account/balance")
            })
        },
    );
}

#[test]
fn both_lost_balance_pushes_of_a_trade_are_one_discrepancy() {
    check(
        record_v1,
        &[1, 5, usize::MAX],
        |pushes, at| {
            let trade = |at: usize| context(balance(&pushes[at])?).trade_id.clone();
            trade(at).is_some() && trade(at) == trade(at + 1)
        },
        |pushes, at| {
            let gone: Vec<_> = pushes.drain(at..at + 2).collect();
            let gone = gone.iter().filter_map(balance);
            let gone = gone.map(|balance| (balance.currency.as_str(), change(balance)));
            Expected::new(gone, |suspect| is_lost_push_of(suspect, "/account/balance"))
        },
    );
}

#[test]
fn lost_balance_push_of_a_transfer_is_one_discrepancy() {
    check(
        record_v1,
        &[1, 5, usize::MAX],
        |pushes, at| {
            let Some(balance) = balance(&pushes[at]) else {
                return false;
            };
            let is_same = |later: &Balance| {
                later.account_id == balance.account_id && later.currency == balance.currency
            };
            // Only a later push of the same balance shows that one is missing.
            context(balance).symbol.is_none()
                && pushes[..at].iter().filter_map(self::balance).any(is_same)
                && pushes[at + 1..]
                    .iter()
                    .filter_map(self::balance)
                    .any(is_same)
        },
        |pushes, at| {
            let gone = pushes.remove(at);
            let gone = balance(&gone).unwrap();
            Expected::new([(gone.currency.as_str(), change(gone))], |suspect| {
                is_lost_push_of(suspect, "/account/balance")
            })
        },
    );
}

#[test]
fn altered_fee_of_a_settlement_is_one_discrepancy() {
    check(
        record_v1,
        &[1, 5, usize::MAX],
        |pushes, at| is_settled(&pushes[at]) && balance(&pushes[at]).unwrap().currency == "USDT",
        |pushes, at| {
            let altered = balance(&pushes[at]).unwrap().clone();
            let amount = Decimal::new(-123, 6);
            shift(&mut pushes[at..], &altered, amount);
            let balance = balance_mut(&mut pushes[at]).unwrap();
            *balance.available_change.as_mut().unwrap() += amount;
            Expected::new(
                [("USDT", amount)],
                |suspect| matches!(suspect, Suspect::WrongFee { expected, got, .. } if got > expected),
            )
        },
    );
}

#[test]
fn foreign_trade_is_one_discrepancy_with_both_currencies() {
    check(
        record_v1,
        &[1, 5, usize::MAX],
        |pushes, at| {
            let trade = |at: usize| context(balance(&pushes[at])?).trade_id.clone();
            trade(at - 1).is_some() && trade(at - 1) == trade(at - 2)
        },
        |pushes, at| {
            let foreign: Vec<_> = pushes[at - 2..at].to_vec();
            let mut amounts = Vec::new();
            for mut push in foreign {
                let of = balance(&push).unwrap().clone();
                let change = change(&of).abs();
                shift(&mut pushes[at..], &of, change);
                let balance = balance_mut(&mut push).unwrap();
                *balance.available.as_mut().unwrap() += change;
                *balance.total.as_mut().unwrap() += change;
                balance.available_change = Some(change);
                balance.hold_change = Some(Decimal::ZERO);
                let context = balance.relation_context.as_mut().unwrap();
                context.trade_id = Some("77".into());
                context.order_id = Some("another".into());
                pushes.insert(at, push);
                amounts.push((of.currency.to_string(), change));
            }
            let amounts = amounts
                .iter()
                .map(|(name, amount)| (name.as_str(), *amount));
            Expected::new(
                amounts,
                |suspect| matches!(suspect, Suspect::UnknownTrade { trade_id, .. } if trade_id == "77"),
            )
        },
    );
}

/// Returns the contract and size of a position, and its size before.
fn position(pushes: &[Recorded], at: usize) -> Option<(&str, Decimal, Decimal)> {
    let of = |push: &'_ Recorded| match &push.event {
        Pushed::V1(V1Event::Futures(FuturesEvent::Position(FuturesPosition::Change(change)))) => {
            Some((change.symbol.clone()?, change.quantity))
        }
        _ => None,
    };
    let (symbol, size) = of(&pushes[at])?;
    let mut before = pushes[..at].iter().rev().filter_map(of);
    let (_, before) = before.find(|(known, _)| *known == symbol)?;
    let Pushed::V1(V1Event::Futures(FuturesEvent::Position(FuturesPosition::Change(change)))) =
        &pushes[at].event
    else {
        return None;
    };
    Some((change.symbol.as_deref()?, size, before))
}

#[test]
fn lost_position_push_is_one_discrepancy() {
    check(
        record_futures,
        &[1],
        |pushes, at| {
            let Some((symbol, size, before)) = position(pushes, at) else {
                return false;
            };
            let burst = pushes[at].burst;
            let mut later = (at + 1..pushes.len()).take_while(|at| pushes[*at].burst == burst);
            // The next push of the position has what the lost one had.
            size != before
                && later.all(|at| position(pushes, at).is_none_or(|next| next.0 != symbol))
        },
        |pushes, at| {
            let (symbol, size, before) = position(pushes, at).unwrap();
            let expected = Expected::new([(symbol, before - size)], |suspect| {
                is_lost_push_of(suspect, "/contract/positionAll")
            });
            pushes.remove(at);
            expected
        },
    );
}

#[test]
fn lost_order_push_of_a_contract_is_one_discrepancy() {
    let order = |push: &Recorded| match &push.event {
        Pushed::V1(V1Event::Futures(FuturesEvent::Order(order))) => order.fill(),
        _ => None,
    };
    check(
        record_futures,
        &[1, 5, usize::MAX],
        |pushes, at| {
            let fill = order(&pushes[at]);
            let is_followed = |symbol: &str| {
                let mut before = 0..at.saturating_sub(WARM_UP);
                before.any(|at| position(pushes, at).is_some_and(|known| known.0 == symbol))
            };
            fill.is_some_and(|fill| is_followed(&fill.symbol)) && position(pushes, at + 1).is_some()
        },
        |pushes, at| {
            let (symbol, _, before) = position(pushes, at + 1).unwrap();
            let fill = order(&pushes[at]).unwrap();
            assert_eq!(fill.symbol, *symbol, "{before}");
            let sign = match fill.side {
                kucoin_streams_core::Side::Buy => Decimal::ONE,
                _ => Decimal::NEGATIVE_ONE,
            };
            let expected = Expected::new([(symbol, fill.size * sign)], |suspect| {
                is_lost_push_of(suspect, "/contractMarket/tradeOrders")
            });
            pushes.remove(at);
            expected
        },
    );
}

#[test]
fn altered_fee_of_an_execution_is_one_discrepancy() {
    for record in [record_unified, record_executions] {
        check(
            record,
            &[1, 5, usize::MAX],
            |pushes, at| matches!(&pushes[at].event, Pushed::Pro(ProEvent::Execution(_))),
            |pushes, at| {
                let Pushed::Pro(ProEvent::Execution(execution)) = &mut pushes[at].event else {
                    unreachable!();
                };
                let amount = Decimal::new(321, 6);
                *execution.fee.as_mut().unwrap() += amount;
                let is_by_order = pushes.iter().any(|push| push.topic.starts_with("orderAll"));
                // Without orders, only the balance shows that the true fee was smaller.
                let amount = if is_by_order { -amount } else { amount };
                Expected::new(
                    [("USDT", amount)],
                    |suspect| matches!(suspect, Suspect::WrongFee { expected, got, .. } if got > expected),
                )
            },
        );
    }
}

fn pro_balance(push: &Recorded) -> Option<&kucoin_streams_pro::Balance> {
    match &push.event {
        Pushed::Pro(ProEvent::Balance(balance)) => Some(balance),
        _ => None,
    }
}

/// Returns `true` if the balance was pushed long before this push.
fn is_followed(pushes: &[Recorded], at: usize, account: &str, currency: &str) -> bool {
    let mut before = pushes[..at.saturating_sub(WARM_UP)]
        .iter()
        .filter_map(pro_balance);
    before.any(|balance| balance.account.as_str() == account && balance.currency == currency)
}

#[test]
fn transfer_on_pro_is_one_discrepancy() {
    for record in [record_unified, record_executions] {
        check(
            record,
            &[1, 5, usize::MAX],
            |pushes, at| {
                let is_end = pushes[at].burst != pushes[at + 1].burst;
                pro_balance(&pushes[at]).is_some_and(|balance| {
                    is_end && is_followed(pushes, at, balance.account.as_str(), &balance.currency)
                })
            },
            |pushes, at| {
                let amount = Decimal::new(1_234_567, 3);
                let push = pushes[at].clone();
                let of = pro_balance(&push).unwrap();
                pushes.insert(at + 1, push.clone());
                for push in &mut pushes[at + 1..] {
                    let Pushed::Pro(ProEvent::Balance(balance)) = &mut push.event else {
                        continue;
                    };
                    if balance.account == of.account && balance.currency == of.currency {
                        *balance.balance.as_mut().unwrap() += amount;
                    }
                }
                Expected::new([(of.currency.as_str(), amount)], |suspect| {
                    matches!(suspect, Suspect::Transfer { .. })
                })
            },
        );
    }
}

#[test]
fn lost_execution_is_one_discrepancy_with_both_currencies() {
    check(
        record_executions,
        &[1, 5, usize::MAX],
        |pushes, at| match &pushes[at].event {
            Pushed::Pro(ProEvent::Execution(execution)) => {
                let mut currencies = execution.symbol.split('-');
                currencies.all(|currency| is_followed(pushes, at, "SPOT", currency))
            }
            _ => false,
        },
        |pushes, at| {
            let gone = pushes.remove(at);
            let Pushed::Pro(ProEvent::Execution(execution)) = gone.event else {
                unreachable!();
            };
            let fill = execution.fill().unwrap();
            let sign = match fill.side {
                kucoin_streams_core::Side::Buy => Decimal::ONE,
                _ => Decimal::NEGATIVE_ONE,
            };
            let base = fill.symbol.split('-').next().unwrap();
            let quote = -sign * fill.price * fill.size - fill.fee.unwrap();
            Expected::new([(base, sign * fill.size), ("USDT", quote)], |suspect| {
                is_lost_push_of(suspect, "execution")
            })
        },
    );
}

#[test]
fn lost_balance_push_on_pro_is_one_discrepancy() {
    let total = |push: &Recorded, currency: &str| {
        let balance = pro_balance(push).filter(|balance| balance.currency == *currency);
        balance.and_then(|balance| balance.balance)
    };
    let before = |pushes: &[Recorded], at: usize, currency: &str| {
        let mut earlier = pushes[..at].iter().rev();
        earlier.find_map(|push| total(push, currency)).unwrap()
    };
    check(
        record_executions,
        &[1],
        |pushes, at| {
            let Some(balance) = pro_balance(&pushes[at]) else {
                return false;
            };
            let (currency, burst) = (&*balance.currency, pushes[at].burst);
            let mut later = pushes[at + 1..]
                .iter()
                .take_while(|push| push.burst == burst);
            // The next push of the balance has what the lost one had.
            is_followed(pushes, at, "SPOT", currency)
                && balance.balance != Some(before(pushes, at, currency))
                && later.all(|push| total(push, currency).is_none())
        },
        |pushes, at| {
            let gone = pushes.remove(at);
            let gone = pro_balance(&gone).unwrap();
            let change = gone.balance.unwrap() - before(pushes, at, &gone.currency);
            Expected::new([(gone.currency.as_str(), -change)], |suspect| {
                is_lost_push_of(suspect, "balance")
            })
        },
    );
}
