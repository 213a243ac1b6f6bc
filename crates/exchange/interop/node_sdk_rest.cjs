// Reads the account with KuCoin's own JavaScript SDK: spot, margin and futures.
//
// The arguments are the JSON file of `known_account` and the file to write the reads to, for `check_rest.py`.
'use strict';

const { readFileSync, writeFileSync } = require('node:fs');

const sdk = require('kucoin-universal-sdk');

const SYMBOLS = ['BTC-USDT', 'ETH-USDT', 'SOL-USDT', 'KCS-USDT'].map((symbol) => ({ symbol }));
const CONTRACTS = ['XBTUSDTM', 'ETHUSDTM', 'XBTUSDM'].map((symbol) => ({ symbol }));
const OPEN = { conditional: false, open: true };
const ENDED = { conditional: false, word: ['closed', 'canceled'] };
const UNTRIGGERED = { conditional: true, word: 'untriggered' };

const known = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const reads = [];

function services() {
  const option = new sdk.ClientOptionBuilder()
    .setKey(known.apiKey)
    .setSecret(known.apiSecret)
    .setPassphrase(known.apiPassphrase)
    .setSpotEndpoint(known.spotRestUrl)
    .setFuturesEndpoint(known.futuresRestUrl)
    .setTransportOption(new sdk.TransportOptionBuilder().build())
    .build();
  return new sdk.DefaultClient(option).restService();
}

const capitalized = (name) => `${name[0].toUpperCase()}${name.slice(1)}`;

// A group is an API and the namespace of its requests.
async function call([api, requests], method, params) {
  // Not `create`, which sends `undefined` as the value of all other parameters.
  const builder = requests[`${capitalized(method)}Req`].builder();
  Object.entries(params).forEach(([name, value]) => builder[`set${capitalized(name)}`](value));
  const answer = await api[method](builder.build());
  return JSON.parse(answer.toJson());
}

// Returns the items of all pages; `by` is the parameter that continues a list.
async function pages(group, method, by, params) {
  const items = [];
  for (let at; ;) {
    const data = await call(group, method, at ? { ...params, [by]: at } : params);
    const page = Array.isArray(data) ? data : (data?.items ?? data?.dataList ?? []);
    items.push(...page);
    if (!by || page.length === 0) {
      return items;
    }
    const last = Array.isArray(data) ? page.at(-1).id : data.lastId;
    at = by === 'lastId' ? last : (at ?? 1) + 1;
  }
}

function add(method, shape, where, items, part = false) {
  reads.push({ call: `${method} (JavaScript)`, shape, where, items, part });
}

async function read(group, method, shape, where, by, each = [{}], params = {}) {
  const items = [];
  for (const one of each) {
    items.push(...await pages(group, method, by, { ...one, ...params }));
  }
  add(`${method} ${JSON.stringify(params)}`, shape, where, items);
}

async function readSpot(group, account, params) {
  const where = { account };
  await read(group, 'getOpenOrders', 'order', { ...where, ...OPEN }, null, SYMBOLS, params);
  await read(group, 'getClosedOrders', 'order', { ...where, ...ENDED }, 'lastId', SYMBOLS, params);
  await read(group, 'getTradeHistory', 'rounded fill', where, 'lastId', SYMBOLS, params);
  const orders = Object.values(known.orders[account]).filter((order) => order.ci && !order.tD).slice(-9);
  const ids = [['getOrderByOrderId', 'orderId', 'oi'], ['getOrderByClientOid', 'clientOid', 'ci']];
  for (const [method, name, key] of ids) {
    const items = [];
    for (const order of orders) {
      items.push(await call(group, method, { symbol: order.s, [name]: order[key] }));
    }
    add(method, 'order', where, items, true);
  }
}

async function readAccounts(group) {
  await read(group, 'getSpotAccountList', 'account', { account: ['FUNDING', 'SPOT'] });
  const cross = await call(group, 'getCrossMarginAccount', { queryType: 'MARGIN_V2' });
  add('getCrossMarginAccount', 'margin account', { account: 'CROSS' }, cross.accounts);
  const { assets } = await call(group, 'getIsolatedMarginAccount', { queryType: 'ISOLATED_V2' });
  const isolated = assets.flatMap(({ symbol, baseAsset, quoteAsset }) => (
    [baseAsset, quoteAsset].map((asset) => ({ ...asset, symbol }))));
  add('getIsolatedMarginAccount', 'isolated account', { account: 'ISOLATED' }, isolated);
  const futures = [];
  for (const currency of ['XBT', 'USDT']) {
    futures.push(await call(group, 'getFuturesAccount', { currency }));
  }
  add('getFuturesAccount', 'futures account', { account: 'FUTURES' }, futures);
  await read(group, 'getSpotLedger', 'funding booking', { account: 'FUNDING' }, 'currentPage');
  await read(group, 'getSpotHFLedger', 'booking', { account: 'SPOT' }, 'lastId');
  await read(group, 'getMarginHFLedger', 'booking', { account: ['CROSS', 'ISOLATED'] }, 'lastId');
  await read(group, 'getFuturesLedger', 'futures ledger', {});
}

async function readFutures(service) {
  const account = { account: 'FUTURES' };
  const orders = [service.getOrderApi(), sdk.Futures.Order];
  const shape = 'rounded futures order';
  await read(orders, 'getOrderList', shape, { ...account, ...OPEN }, 'currentPage', [{ status: 'active' }]);
  await read(orders, 'getOrderList', shape, { ...account, ...ENDED }, 'currentPage', [{ status: 'done' }]);
  await read(orders, 'getRecentClosedOrders', shape, { ...account, ...ENDED });
  await read(orders, 'getStopOrderList', 'stop', { ...account, ...UNTRIGGERED }, 'currentPage');
  await read(orders, 'getRecentTradeHistory', 'futures fill', account);
  await read(orders, 'getTradeHistory', 'futures fill', account, 'currentPage');
  const positions = [service.getPositionsApi(), sdk.Futures.Positions];
  await read(positions, 'getPositionList', 'position', { open: true });
  const details = [];
  for (const contract of CONTRACTS) {
    details.push(await call(positions, 'getPositionDetails', contract));
  }
  add('getPositionDetails', 'position', { open: true }, details);
  await read(positions, 'getPositionsHistory', 'closed position', { open: false }, 'pageId');
  const fees = [service.getFundingFeesApi(), sdk.Futures.FundingFees];
  await read(fees, 'getPrivateFundingHistory', 'funding', {}, null, CONTRACTS);
}

async function main() {
  const service = services();
  const spot = [service.getSpotService().getOrderApi(), sdk.Spot.Order];
  const margin = [service.getMarginService().getOrderApi(), sdk.Margin.Order];
  await readSpot(spot, 'SPOT', {});
  await readSpot(margin, 'CROSS', { tradeType: 'MARGIN_TRADE' });
  await readSpot(margin, 'ISOLATED', { tradeType: 'MARGIN_ISOLATED_TRADE' });
  await read(spot, 'getStopOrdersList', 'stop', { account: 'SPOT', ...UNTRIGGERED }, 'currentPage', SYMBOLS);
  await readAccounts([service.getAccountService().getAccountApi(), sdk.Account.Account]);
  await readFutures(service.getFuturesService());
  writeFileSync(process.argv[3], JSON.stringify(reads));
}

main().catch((error) => {
  console.error(String(error?.stack ?? error));
  process.exit(1);
});
