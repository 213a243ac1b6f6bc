// KuCoin's own JavaScript SDK against a local exchange: it connects, subscribes, and reads what it gets.
//
// Takes the path of a file with the exchange's line of JSON. Ends with status 0 and one line of counts, or
// with status 1 and the reason.
'use strict';

const { readFileSync } = require('node:fs');

const { ClientOptionBuilder, DefaultClient, TransportOptionBuilder, WebSocketClientOptionBuilder } =
  require('kucoin-universal-sdk');

const WANTED = { ordersV1: 30, ordersV2: 40, balances: 30 };
const PATIENCE_MS = 60_000;

const counts = { ordersV1: 0, ordersV2: 0, balances: 0 };
const orderTypes = new Set();
const problems = [];
let finish;
const finished = new Promise((resolve) => { finish = resolve; });

function expect(condition, text) {
  if (!condition) {
    problems.push(text);
    finish();
  }
}

function count(kind) {
  counts[kind] += 1;
  if (Object.entries(WANTED).every(([known, wanted]) => counts[known] >= wanted)) {
    finish();
  }
}

function onOrder(kind, topic) {
  return (gotTopic, subject, order) => {
    expect(gotTopic === topic && subject === 'orderChange', `order on ${gotTopic} ${subject}`);
    expect(order.orderId && order.symbol && order.orderTime > 1e12, 'order without identity');
    expect(['buy', 'sell'].includes(order.side), `side ${order.side}`);
    expect(order.type !== 'match' || (order.matchPrice && order.tradeId), 'match without price and trade');
    orderTypes.add(order.type);
    count(kind);
  };
}

function onBalance(topic, subject, balance) {
  expect(topic === '/account/balance' && subject === 'account.balance', `balance on ${topic} ${subject}`);
  expect(typeof balance.total === 'string' && balance.relationEvent, 'balance without total or reason');
  count('balances');
}

async function main() {
  const exchange = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const option = new ClientOptionBuilder()
    .setKey(exchange.apiKey)
    .setSecret(exchange.apiSecret)
    .setPassphrase(exchange.apiPassphrase)
    .setSpotEndpoint(exchange.spotRestUrl)
    .setTransportOption(new TransportOptionBuilder().build())
    .setWebSocketClientOption(new WebSocketClientOptionBuilder().withReconnect(false).build())
    .build();
  const stream = new DefaultClient(option).wsService().newSpotPrivateWS();
  await stream.start();
  const subscriptions = [
    await stream.orderV1(onOrder('ordersV1', '/spotMarket/tradeOrders')),
    await stream.orderV2(onOrder('ordersV2', '/spotMarket/tradeOrdersV2')),
    await stream.account(onBalance),
  ];
  const patience = setTimeout(() => expect(false, `not ${JSON.stringify(WANTED)} in ${PATIENCE_MS} ms`), PATIENCE_MS);
  await finished;
  clearTimeout(patience);
  for (const subscription of subscriptions) {
    await stream.unSubscribe(subscription);
  }
  await stream.stop();
  console.log(JSON.stringify({ sdk: 'kucoin-universal-sdk (JavaScript)', ...counts, orderTypes: [...orderTypes].sort() }));
}

main()
  .catch((error) => problems.push(String(error)))
  .finally(() => {
    if (problems.length > 0) {
      console.error(problems.slice(0, 5).join('; '));
    }
    process.exit(problems.length > 0 ? 1 : 0);
  });
