// Tests the local exchange with ccxt: V1 with separate spot and futures hosts, and the unified account (Pro V2) at the
// root path.
//
// The argument is a file with the JSON line of the local exchange. Prints one line of counts and exits with 0, or
// prints the reason and exits with 1.
'use strict';

const { readFileSync } = require('node:fs');

const ccxt = require('ccxt');

const WANTED = 10;
const TIMEOUT_MS = 60_000;

const exchange = JSON.parse(readFileSync(process.argv[2], 'utf8'));

// ccxt would load markets over REST, which the local exchange does not serve.
function market(id, symbol, contract) {
  const [base, quote] = symbol.split(/[/:]/);
  return {
    id, symbol, base, quote, baseId: base, quoteId: quote, active: true, info: {},
    type: contract ? 'swap' : 'spot', spot: !contract, swap: contract, contract, margin: false, future: false,
    option: false, linear: true, settle: quote, settleId: quote, contractSize: 0.001, taker: 0.001, maker: 0.001,
    precision: { amount: 1e-8, price: 1e-8 }, limits: { amount: {}, price: {}, cost: {} },
  };
}

async function client(uta) {
  const kucoin = new ccxt.pro.kucoin({
    apiKey: exchange.apiKey, secret: exchange.apiSecret, password: exchange.apiPassphrase, newUpdates: true,
  });
  const { api } = kucoin.urls;
  for (const name of Object.keys(api).filter((known) => typeof api[known] === 'string')) {
    api[name] = name.startsWith('futures') ? exchange.futuresRestUrl : exchange.spotRestUrl;
  }
  api.ws.private = `${exchange.restUrl.replace(/^http/, 'ws')}/`;
  kucoin.options.uta = uta;
  kucoin.setMarkets([
    ...['BTC', 'ETH', 'SOL', 'KCS'].map((base) => market(`${base}-USDT`, `${base}/USDT`, false)),
    market('XBTUSDTM', 'BTC/USDT:USDT', true), market('ETHUSDTM', 'ETH/USDT:USDT', true),
  ]);
  // ccxt needs this for ws:// URLs.
  await kucoin.loadHttpProxyAgent();
  return kucoin;
}

// Watches until there are enough items, and returns their IDs.
async function collect(watch, idOf) {
  const ids = [];
  while (ids.length < WANTED) {
    for (const item of await watch()) {
      if (!item.symbol || !idOf(item)) {
        throw new Error(`symbol or ID is missing: ${JSON.stringify(item)}`);
      }
      ids.push(idOf(item));
    }
  }
  return ids;
}

async function test(uta) {
  const kucoin = await client(uta);
  const params = { uta };
  const [orders, trades, futures] = await Promise.all([
    collect(() => kucoin.watchOrders(undefined, undefined, undefined, params), (order) => order.id),
    collect(() => kucoin.watchMyTrades(undefined, undefined, undefined, params), (trade) => trade.id),
    collect(() => kucoin.watchOrders('BTC/USDT:USDT', undefined, undefined, params), (order) => order.id),
  ]);
  await kucoin.close();
  if (uta && !orders.every((id) => /^[0-9]{18}$/.test(id))) {
    throw new Error(`order IDs of the unified account are not decimal: ${orders}`);
  }
  return { orders: orders.length, trades: trades.length, futuresOrders: futures.length };
}

const timeout = setTimeout(() => {
  console.error(`received fewer than ${WANTED} of an item in ${TIMEOUT_MS} ms`);
  process.exit(1);
}, TIMEOUT_MS);
test(false)
  .then(async (classic) => {
    const unified = await test(true);
    clearTimeout(timeout);
    console.log(JSON.stringify({ sdk: `ccxt ${ccxt.version}`, classic, unified }));
    process.exit(0);
  })
  .catch((error) => {
    console.error(String(error));
    process.exit(1);
  });
