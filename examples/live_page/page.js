// The live page: keeps the tables and the history that the server sends, and shows them. Text is only ever set as text.

import { Chart, time } from '/chart.js';

const SILENT = 5000; // the server sends a message each second
const HISTORY = 3_600_000, PAGE = 100, MAX_CHARTS = 12;
const PARTS = ['orders', 'fills', 'balances', 'positions', 'margin'];

const tables = Object.fromEntries(['orders', 'fills', 'balances', 'positions', 'trusts', 'connections', 'gaps', 'findings'].map((name) => [name, new Map()]));
const history = new Map(); // points by line, whose key is JSON
const pageGaps = []; // times without history: the program was restarted
const charts = new Map();
const view = { orders: 'open', range: 60, currency: '', limit: PAGE, details: null };
const stream = { source: null, id: '', heard: 0, tried: 0, online: false, started: false, offset: 0 };

const $ = (id) => document.getElementById(id);
const now = () => Date.now() + stream.offset; // by the server's clock
const millis = (nanos) => Number(nanos.slice(0, -6));
const isZero = (digits) => digits === null || /^-?0*\.?0*$/.test(digits);
const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

function el(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// --- The event stream ---

function connect() {
  stream.source?.close();
  stream.tried = Date.now();
  const source = new EventSource(`/events${stream.id && `?after=${encodeURIComponent(stream.id)}`}`);
  source.addEventListener('snapshot', (event) => receive(event, true));
  source.addEventListener('change', (event) => receive(event, false));
  source.onerror = () => {
    stream.tried = Date.now(); // the browser itself tries again, unless the stream is closed
    setOnline(false);
  };
  stream.source = source;
}

function receive(event, isSnapshot) {
  const message = JSON.parse(event.data);
  const isNewRun = stream.id && stream.id.split('-')[0] !== event.lastEventId.split('-')[0];
  stream.offset = message.now - Date.now();
  if (isSnapshot) {
    for (const table of Object.values(tables)) table.clear();
    setText($('source'), message.title);
    if (isNewRun) keepHistory(message.now);
    for (const [key, points] of Object.entries(message.points)) history.set(key, [...(isNewRun && history.get(key) || []), ...points]);
  } else {
    for (const [key, point] of Object.entries(message.points)) {
      if (!history.has(key)) history.set(key, []);
      history.get(key).push(point);
    }
  }
  for (const [name, rows] of Object.entries(message.tables)) {
    for (const [key, row] of Object.entries(rows)) row ? tables[name].set(key, row) : tables[name].delete(key);
  }
  for (const [key, points] of history) {
    while (points.length > 1 && points[1][0] < message.now - HISTORY) points.shift();
    if (points.at(-1)[1] === null && points.at(-1)[0] < message.now - HISTORY) {
      history.delete(key);
      parsed.delete(key);
    }
  }
  stream.id = event.lastEventId;
  stream.heard = Date.now();
  setOnline(true);
  schedule();
}

/** The program was restarted: its history starts again, so the time since the last message stays a gap of the charts. */
function keepHistory(ms) {
  const lost = stream.heard + stream.offset;
  for (const points of history.values()) points.push([lost, null]);
  pageGaps.push({ from: lost, to: ms, cause: 'the program that serves this page was restarted' });
  pageGaps.splice(0, pageGaps.length - 20);
}

function setOnline(online) {
  if (online) stream.started = true;
  stream.online = online;
  document.body.classList.toggle('offline', !online);
  const since = stream.started ? ` since ${time(stream.heard)}` : '';
  setText($('banner'), online ? '' : `No connection to the program that serves this page${since}. Every number below is old. Trying again…`);
  if (!online) schedule();
}

setInterval(() => {
  if (stream.online && Date.now() - stream.heard > SILENT) setOnline(false);
  const isClosed = stream.source.readyState === EventSource.CLOSED;
  if (!stream.online && Date.now() - stream.tried > (isClosed ? 1000 : SILENT)) connect();
  schedule();
}, 1000);

// --- Trust ---

/** Whether the numbers of a part are those of KuCoin. Without the event stream nothing is known to be. */
function trustOf(wsKey, part) {
  if (!stream.online) return { trust: 'stale', reason: 'this page has no connection to the program' };
  return tables.trusts.get(`${wsKey} ${part}`)?.is ?? { trust: 'recovering' };
}

function rowTrust(row, part) {
  const trust = trustOf(row.wsKey, part);
  return trust.trust === 'live' && row.isContradicted ? { trust: 'stale', reason: 'events contradict each other' } : trust;
}

const tag = (trust, text = trust) => el('span', { className: `tag ${trust}`, textContent: `${{ live: '●', recovering: '◐', stale: '○' }[trust]} ${text}` });

function showStatus() {
  const connections = [...tables.connections.values()].map((row) => {
    const tone = row.status === 'connected' ? 'good' : 'bad';
    const latency = row.latencyMs === null ? '' : ` · latency ${row.latencyMs} ms`;
    const figures = row.events === null ? '' : `${counted(row.events, 'event')} · ${row.recovered} recovered · ${counted(row.gaps, 'gap')}${latency}`;
    return el('li', {}, el('b', { textContent: row.wsKey }), el('span', { className: tone, textContent: `${stream.online ? '' : 'was '}${row.status || 'connecting'}` }),
      el('span', { className: 'what', textContent: [row.detail, figures].filter(Boolean).join(' · ') }));
  });
  $('connections').replaceChildren(...(connections.length ? connections : [el('li', { textContent: stream.started ? 'connecting to KuCoin' : 'loading' })]));
  const trusts = [...tables.trusts.values()], worst = ['stale', 'recovering', 'live'];
  const parts = PARTS.filter((part) => trusts.some((row) => row.part === part)).map((part) => {
    const all = trusts.filter((row) => row.part === part).map((row) => trustOf(row.wsKey, part).trust);
    const trust = worst.find((trust) => all.includes(trust));
    return el('li', {}, tag(trust, `${part} ${trust}`));
  });
  $('trust').replaceChildren(...parts);
  const reasons = new Map();
  // The line of a connection says why it is lost.
  for (const row of trusts.filter((row) => row.is.reason && !row.is.reason.startsWith('disconnected'))) {
    const text = `${row.wsKey}: ${row.is.reason}`;
    reasons.set(text, [...(reasons.get(text) ?? []), row.part]);
  }
  const texts = [...reasons].map(([text, parts]) => `${parts.join(', ')} of ${text}`);
  if (findings().length) texts.push(`${counted(findings().length, 'finding')} of the audit: see Gaps`);
  if ($('reasons').dataset.text !== texts.join()) {
    $('reasons').dataset.text = texts.join();
    $('reasons').replaceChildren(...texts.map((textContent) => el('li', { textContent })));
  }
  for (const [name, rows] of [['orders', openOrders()], ['positions', openPositions()]]) $(`tab-${name}`).dataset.count = rows.length;
}

/** Contradictions of events, and amounts that no event explains. */
const findings = () => tables.findings.get('all') ?? [];

// --- Tables ---

const byKey = (table) => [...table].sort(([one], [other]) => (one < other ? -1 : 1));
const openOrders = () => [...tables.orders].filter(([, row]) => row.phase !== 'done');
const openPositions = () => byKey(tables.positions).filter(([, row]) => !isZero(row.size));
const sideTone = (row) => ({ buy: 'good', sell: 'bad' })[row.side] ?? '';
const signTone = (digits) => (isZero(digits) ? '' : digits.startsWith('-') ? 'bad' : 'good');
const withUnit = (digits, unit) => (digits === null ? '–' : `${digits} ${unit ?? ''}`);

const COLUMNS = {
  orders: [
    { name: 'Symbol', left: true, text: (row) => row.symbol },
    { name: 'Side', left: true, text: (row) => row.side, tone: sideTone },
    { name: 'Price', text: (row) => row.price ?? row.stopPrice ?? 'market' },
    { name: 'Filled / size', text: (row) => `${row.filledSize} / ${row.size ?? (row.funds ? `${row.funds} funds` : '–')}` },
    { name: 'Average', wide: true, text: (row) => row.averagePrice ?? '–' },
    { name: 'Type', wide: true, left: true, text: (row) => `${row.stopPrice === null ? '' : 'stop '}${row.orderType ?? '–'}` },
    { name: 'State', left: true, text: (row) => (row.outcome ?? row.phase).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) },
    { name: 'Placed', wide: true, text: (row) => (row.placedAt ? time(millis(row.placedAt)) : '–') },
  ],
  positions: [
    { name: 'Symbol', left: true, text: (row) => row.symbol },
    { name: 'Leg', left: true, text: (row) => (row.side === 'BOTH' ? (row.size.startsWith('-') ? 'short' : 'long') : row.side), tone: (row) => signTone(row.size) },
    { name: 'Size', text: (row) => row.size },
    { name: 'Entry', wide: true, text: (row) => row.entryPrice ?? '–' },
    { name: 'Mark', text: (row) => row.markPrice ?? '–' },
    { name: 'Value', wide: true, text: (row) => withUnit(row.markValue, row.settleCurrency) },
    { name: 'Liquidation', wide: true, text: (row) => (isZero(row.liquidationPrice) ? '–' : row.liquidationPrice) },
    { name: 'Unrealised', text: (row) => withUnit(row.unrealisedPnl, row.settleCurrency), tone: (row) => signTone(row.unrealisedPnl) },
    { name: 'Realised', wide: true, text: (row) => row.realisedPnl ?? '–', tone: (row) => signTone(row.realisedPnl) },
  ],
  balances: [
    { name: 'Account', left: true, text: (row) => row.account },
    { name: 'Currency', left: true, text: (row) => row.currency },
    { name: 'Total', text: (row) => row.total ?? '–' },
    { name: 'Available', text: (row) => row.available ?? '–' },
    { name: 'Hold', wide: true, text: (row) => row.hold ?? '–' },
    { name: 'Equity', wide: true, text: (row) => row.equity ?? '–' },
    { name: 'Liability', wide: true, text: (row) => row.liability ?? '–' },
    { name: 'Unrealised', wide: true, text: (row) => row.unrealisedPnl ?? '–', tone: (row) => signTone(row.unrealisedPnl) },
  ],
};

/** Shows rows in a table. It keeps the nodes of rows that stay, so that focus and selection do. */
function showTable(part, rows, empty) {
  const list = document.querySelector(`#${part} .list`), columns = COLUMNS[part];
  let table = list.querySelector('table');
  if (!rows.length) {
    if (table || !list.firstChild) list.replaceChildren(el('p', { className: 'empty' }));
    setText(list.firstChild, stream.started && tables.trusts.size ? empty : 'Reading the account…');
    return;
  }
  const className = (column) => `${column.left ? 'left' : ''} ${column.wide ? 'wide' : ''}`;
  if (!table) {
    const head = columns.map((column) => el('th', { scope: 'col', className: className(column), textContent: column.name }));
    table = el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody'));
    list.replaceChildren(table, el('button', { type: 'button', className: 'more', onclick: () => { view.limit += PAGE; schedule(); } }));
  }
  const known = new Map([...table.tBodies[0].rows].map((node) => [node.dataset.key, node]));
  const shown = rows.slice(0, view.limit).map(([key, row]) => {
    const node = known.get(key) ?? makeRow(part, key, columns, className), trust = rowTrust(row, part).trust;
    node.className = trust === 'live' ? '' : 'old';
    columns.forEach((column, at) => {
      const cell = node.cells[at];
      setText(at ? cell : cell.firstChild, column.text(row));
      if (column.tone) cell.className = `${className(column)} ${trust === 'live' ? column.tone(row) : ''}`;
    });
    const mark = node.cells[0].querySelector('.tag');
    if (mark?.classList.contains(trust)) return node;
    mark?.remove();
    if (trust !== 'live') node.cells[0].append(tag(trust));
    return node;
  });
  const body = table.tBodies[0];
  if (shown.length !== body.rows.length || shown.some((node, at) => body.rows[at] !== node)) {
    const focused = document.activeElement;
    body.replaceChildren(...shown);
    if (body.contains(focused)) focused.focus({ preventScroll: true });
  }
  list.lastChild.hidden = rows.length <= view.limit;
  setText(list.lastChild, `Show ${PAGE} more of ${rows.length}`);
}

function makeRow(part, key, columns, className) {
  const cells = columns.map((column) => el('td', { className: className(column) }));
  cells.forEach((cell, at) => { cell.dataset.label = columns[at].name.toLowerCase(); });
  cells[0].append(el('button', { type: 'button', ariaHasPopup: 'dialog' }));
  const node = el('tr', { onclick: () => openDetails(part, key) }, ...cells);
  node.dataset.key = key;
  return node;
}

function showOrders() {
  const filter = $('filter').value.trim().toLowerCase(), isOpen = view.orders === 'open';
  const at = (row) => Number((isOpen ? row.placedAt : row.endedAt) ?? row.updatedAt ?? 0);
  const rows = [...tables.orders].filter(([, row]) => (row.phase !== 'done') === isOpen && row.symbol.toLowerCase().includes(filter));
  rows.sort(([, one], [, other]) => at(other) - at(one));
  showTable('orders', rows, `No ${view.orders} order${filter ? ` of a symbol with “${filter}”` : ''}`);
  const symbols = [...new Set([...tables.orders.values()].map((row) => row.symbol))].sort();
  if ($('symbols').dataset.text !== symbols.join()) {
    $('symbols').dataset.text = symbols.join();
    $('symbols').replaceChildren(...symbols.map((value) => el('option', { value })));
  }
}

function showBalances() {
  const isShown = (row) => ![row.total, row.available, row.hold, row.equity, row.liability].every(isZero);
  showTable('balances', byKey(tables.balances).filter(([, row]) => isShown(row)), 'No balance that is not zero');
}

// --- Details ---

function openDetails(part, key) {
  view.details = { part, key };
  showDetails();
  if (!$('details').open) $('details').showModal();
}

function showDetails() {
  if (!view.details) return;
  const { part, key } = view.details, row = tables[part].get(key), trust = row ? rowTrust(row, part) : { trust: 'stale', reason: 'not kept any more' };
  const mark = $('details-trust');
  mark.className = `tag ${trust.trust}`;
  setText(mark, trust.reason ? `${trust.trust}: ${trust.reason}` : trust.trust);
  if (!row) return;
  setText($('details-title'), row.symbol ?? `${row.currency} of ${row.account}`);
  const text = (name, value) => {
    if (value === null || value.length === 0) return '–';
    if (/At$/.test(name)) return `${new Date(millis(value)).toLocaleDateString()} ${time(millis(value), 3)}`;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  };
  const fields = Object.entries(row).flatMap(([name, value]) => [
    el('dt', { textContent: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) }),
    el('dd', { className: value === null ? 'none' : '', textContent: text(name, value) }),
  ]);
  document.querySelector('#details dl').replaceChildren(...fields);
  const fills = part === 'orders' ? [...tables.fills.values()].filter((fill) => fill.orderId === row.orderId) : [];
  const lines = fills.map((fill) => el('li', { textContent: `${fill.time ? time(millis(fill.time), 3) : '–'}  ${fill.size} at ${fill.price} ${fill.liquidity ?? ''}${fill.fee === null ? '' : `, fee ${fill.fee} ${fill.feeCurrency ?? ''}`}${fill.isRecovered ? ', recovered' : ''}` }));
  $('details-fills').replaceChildren(...(lines.length ? [el('b', { textContent: 'Fills' }), el('ul', {}, ...lines)] : []));
}

// --- Charts and gaps ---

const parsed = new Map();

function lineOf(key) {
  if (!parsed.has(key)) parsed.set(key, JSON.parse(key));
  return parsed.get(key);
}

function gapsOf(line, from, to) {
  const gaps = [...tables.gaps.values()].filter((gap) => gap.wsKey === line.wsKey && (line.chart === 'latency' || gap.parts.includes(line.part)));
  const spans = gaps.map((gap) => ({ from: millis(gap.at), to: gap.closedAt ? millis(gap.closedAt) : to, cause: gap.cause }));
  if (!stream.online && stream.started) spans.push({ from: stream.heard + stream.offset, to, cause: 'this page has no connection to the program' });
  return [...spans, ...pageGaps].filter((gap) => gap.to > from && gap.from < to);
}

function showCharts() {
  const units = [...new Set([...history.keys()].map(lineOf).filter((line) => ['equity', 'positions'].includes(line.chart)).map((line) => line.unit))].sort();
  if (!units.includes(view.currency)) view.currency = units.includes('USDT') ? 'USDT' : units[0] ?? '';
  if ($('currency').dataset.text !== units.join()) {
    $('currency').dataset.text = units.join();
    $('currency').replaceChildren(...units.map((unit) => el('option', { textContent: unit, value: unit })));
    $('currency').value = view.currency;
  }
  for (const id of ['equity-unit', 'positions-unit']) setText($(id), view.currency || 'a currency');
  const to = now(), from = to - view.range * 1000;
  for (const host of document.querySelectorAll('.charts')) {
    const kind = host.dataset.chart, hasUnit = ['equity', 'positions'].includes(kind);
    const lines = [...history.keys()].sort().map((key) => [key, lineOf(key)]).filter(([, line]) => line.chart === kind && (!hasUnit || line.unit === view.currency));
    const figures = lines.slice(0, MAX_CHARTS).map(([key, line]) => {
      if (!charts.has(key)) charts.set(key, new Chart());
      return [charts.get(key), { ...line, name: `${line.name}${kind === 'equity' ? ` ${line.unit}` : ''}${line.number > 1 ? ` (${line.number})` : ''}`,
        points: history.get(key), gaps: gapsOf(line, from, to), from, to, isOld: trustOf(line.wsKey, line.part).trust !== 'live' && kind !== 'latency' }];
    });
    const nodes = figures.map(([chart]) => chart.figure);
    const more = lines.length - nodes.length; // the program records at most 100 lines
    const note = !nodes.length ? `Nothing to show${hasUnit && view.currency ? ` in ${view.currency}` : ''}` : more > 0 ? `${more} more are not drawn` : '';
    if (nodes.some((node, at) => host.children[at] !== node) || host.children.length !== nodes.length + (note ? 1 : 0)) {
      host.replaceChildren(...nodes, ...(note ? [el('p', { className: 'empty' })] : []));
    }
    if (note) setText(host.lastChild, note);
    for (const [chart, data] of figures) chart.update(data);
  }
  for (const key of charts.keys()) if (!history.has(key)) charts.delete(key);
}

function showGaps() {
  const rows = [...tables.gaps.values()].sort((one, other) => Number(other.at) - Number(one.at)).map((gap) => {
    const end = gap.closedAt ? `${time(millis(gap.closedAt))} (${seconds(millis(gap.closedAt) - millis(gap.at))})` : `now: ${gap.open.join(', ')} not read again`;
    return el('li', { className: gap.closedAt ? '' : 'open' }, el('b', { textContent: `${time(millis(gap.at))} – ${end}` }),
      el('p', { textContent: `${gap.wsKey}: ${gap.parts.join(', ')}` }), el('p', { textContent: gap.cause }),
      ...gap.missing.map((what) => el('p', { className: 'bad', textContent: `missing: ${what}` })));
  });
  $('findings').replaceChildren(...findings().map((textContent) => el('li', { className: 'open' }, el('p', { textContent }))));
  $('gap-list').replaceChildren(...(rows.length ? rows : [el('p', { className: 'empty', textContent: 'No gap since the program started' })]));
}

// --- Views ---

const VIEWS = { orders: showOrders, positions: () => showTable('positions', openPositions(), 'No open position'), balances: showBalances, charts: showCharts, gaps: showGaps };
const tabs = [...document.querySelectorAll('[role=tab]')];
let isScheduled = false;

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    showStatus();
    const name = current();
    for (const panel of tabs) {
      const isCurrent = panel.getAttribute('aria-controls') === name;
      panel.setAttribute('aria-selected', isCurrent);
      panel.tabIndex = isCurrent ? 0 : -1;
      $(panel.getAttribute('aria-controls')).hidden = !isCurrent;
    }
    for (const button of document.querySelectorAll('[data-orders]')) button.setAttribute('aria-pressed', button.dataset.orders === view.orders);
    for (const button of document.querySelectorAll('[data-range]')) button.setAttribute('aria-pressed', Number(button.dataset.range) === view.range);
    VIEWS[name]();
    showDetails();
  });
}

const current = () => (Object.hasOwn(VIEWS, location.hash.slice(1)) ? location.hash.slice(1) : 'orders');

function choose(change) {
  Object.assign(view, change, { limit: PAGE });
  schedule();
}

function setTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  view.theme = theme;
  try { localStorage.setItem('theme', theme); } catch { /* storage is blocked: the choice lasts as long as the page */ }
  setText($('theme'), `Theme: ${theme}`);
}

for (const [at, panel] of tabs.entries()) {
  panel.onclick = () => { show(panel.getAttribute('aria-controls')); };
  panel.onkeydown = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = tabs[(at + by + tabs.length) % tabs.length];
    next.click();
    next.focus();
  };
}

function show(name) {
  window.history.replaceState(null, '', `#${name}`);
  choose({});
}

for (const button of document.querySelectorAll('[data-orders]')) button.onclick = () => choose({ orders: button.dataset.orders });
for (const button of document.querySelectorAll('[data-range]')) button.onclick = () => choose({ range: Number(button.dataset.range) });
$('filter').oninput = () => choose({});
$('currency').onchange = () => choose({ currency: $('currency').value });
$('theme').onclick = () => setTheme({ auto: 'light', light: 'dark', dark: 'auto' }[view.theme]);
$('close').onclick = () => $('details').close();
$('details').onclose = () => { view.details = null; };
window.addEventListener('hashchange', schedule);
window.addEventListener('resize', schedule);
let theme = null;
try { theme = localStorage.getItem('theme'); } catch { /* blocked */ }
setTheme(['light', 'dark'].includes(theme) ? theme : 'auto');
setOnline(false);
connect();
