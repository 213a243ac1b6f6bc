// Tests the local exchange with KuCoin's own JavaScript SDK: connects, subscribes and checks the pushes.
//
// The argument is a file with the JSON line of the local exchange. Prints one line of counts and exits with 0, or
// prints the reason and exits with 1.
'use strict';

const { readFileSync } = require('node:fs');

const { ClientOptionBuilder, DefaultClient, TransportOptionBuilder, WebSocketClientOptionBuilder } =
  require('kucoin-universal-sdk');

const WANTED = { ordersV1: 30, ordersV2: 40, balances: 30 };
const TIMEOUT_MS = 60_000;

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
    expect(order.orderId && order.symbol && order.orderTime > 1e12, 'order without ID, symbol or time');
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
  const shortfall = () => `expected ${JSON.stringify(WANTED)} in ${TIMEOUT_MS} ms, received ${JSON.stringify(counts)}`;
  const timeout = setTimeout(() => expect(false, shortfall()), TIMEOUT_MS);
  await finished;
  clearTimeout(timeout);
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
