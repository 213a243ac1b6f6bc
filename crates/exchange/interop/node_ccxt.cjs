// ccxt against a local exchange: tokens of spot and futures from a host each, V1, and the unified account at the root
// of the WebSocket host, as ccxt asks KuCoin for them.
//
// Takes the path of a file with the exchange's line of JSON. Ends with status 0 and one line of counts, or
// with status 1 and the reason.
'use strict';

const { readFileSync } = require('node:fs');

const ccxt = require('ccxt');

const WANTED = 10;
const PATIENCE_MS = 60_000;

const address = JSON.parse(readFileSync(process.argv[2], 'utf8'));

// What ccxt would ask for over REST, which the exchange does not serve.
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
    apiKey: address.apiKey, secret: address.apiSecret, password: address.apiPassphrase, newUpdates: true,
  });
  const { api } = kucoin.urls;
  for (const name of Object.keys(api).filter((known) => typeof api[known] === 'string')) {
    api[name] = name.startsWith('futures') ? address.futuresRestUrl : address.spotRestUrl;
  }
  api.ws.private = `${address.restUrl.replace(/^http/, 'ws')}/`;
  kucoin.options.uta = uta;
  kucoin.setMarkets([
    ...['BTC', 'ETH', 'SOL', 'KCS'].map((base) => market(`${base}-USDT`, `${base}/USDT`, false)),
    market('XBTUSDTM', 'BTC/USDT:USDT', true), market('ETHUSDTM', 'ETH/USDT:USDT', true),
  ]);
  // ccxt dials plain ws through this only.
  await kucoin.loadHttpProxyAgent();
  return kucoin;
}

// Watches until there were enough, and returns how many and the ids of the orders.
async function count(watch, idOf) {
  const ids = [];
  while (ids.length < WANTED) {
    for (const item of await watch()) {
      if (!item.symbol || !idOf(item)) {
        throw new Error(`without symbol or id: ${JSON.stringify(item)}`);
      }
      ids.push(idOf(item));
    }
  }
  return ids;
}

async function judge(uta) {
  const kucoin = await client(uta);
  const params = { uta };
  const [orders, trades, futures] = await Promise.all([
    count(() => kucoin.watchOrders(undefined, undefined, undefined, params), (order) => order.id),
    count(() => kucoin.watchMyTrades(undefined, undefined, undefined, params), (trade) => trade.id),
    count(() => kucoin.watchOrders('BTC/USDT:USDT', undefined, undefined, params), (order) => order.id),
  ]);
  await kucoin.close();
  if (uta && !orders.every((id) => /^[0-9]{18}$/.test(id))) {
    throw new Error(`ids of the unified account are decimal: ${orders}`);
  }
  return { orders: orders.length, trades: trades.length, futuresOrders: futures.length };
}

const patience = setTimeout(() => {
  console.error(`no ${WANTED} of each in ${PATIENCE_MS} ms`);
  process.exit(1);
}, PATIENCE_MS);
judge(false)
  .then(async (classic) => {
    const unified = await judge(true);
    clearTimeout(patience);
    console.log(JSON.stringify({ sdk: `ccxt ${ccxt.version}`, classic, unified }));
    process.exit(0);
  })
  .catch((error) => {
    console.error(String(error));
    process.exit(1);
  });
