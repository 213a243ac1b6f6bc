// Drives the live page in a browser by real clicks: node browser_test.cjs URL CHROMIUM FOLDER_FOR_SCREENSHOTS
// A proxy in between breaks the event stream, and sends rows that the local exchange never has.
const assert = require('node:assert/strict');
const http = require('node:http');
const { chromium } = require('playwright-core');

const [target, executablePath, folder] = process.argv.slice(2);
const SCREENS = [[1280, 'light'], [1280, 'dark'], [375, 'light'], [375, 'dark']];
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const HOSTILE = '<img src=x onerror="window.hacked=1">';
const PANELS = ['orders', 'positions', 'balances', 'charts', 'gaps'];

// --- The proxy ---

const streams = new Set();
const resumed = []; // Last-Event-ID of requests, and the name of the first event
let answer = 'forward'; // or `refuse`, or the text of an event

const proxy = http.createServer((request, response) => {
  const isStream = request.url.startsWith('/events');
  if (isStream) {
    streams.add(response);
    response.on('close', () => streams.delete(response));
    if (answer === 'refuse') return request.socket.destroy();
    if (answer !== 'forward') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.write(answer);
    }
  }
  http.get(new URL(request.url, target), { headers: request.headers }, (from) => {
    response.writeHead(from.statusCode, from.headers);
    const id = request.headers['last-event-id'];
    if (isStream && id) from.once('data', (data) => resumed.push([id, /event: (\w+)/.exec(data)?.[1]]));
    from.pipe(response);
    response.on('close', () => from.destroy());
  }).on('error', () => response.destroy());
});

function breakStreams(next) {
  answer = next;
  for (const stream of streams) stream.destroy();
}

/** A snapshot of another run of the program. */
function snapshot(run, tables) {
  const message = { now: Date.now(), title: 'test', tables, points: {} };
  return `id: ${run}-1\nevent: snapshot\nretry: 300\ndata: ${JSON.stringify(message)}\n\n`;
}

const live = (part, trust = 'live') => [`spotPrivateV1 ${part}`, { wsKey: 'spotPrivateV1', part, is: { trust, since: '1', ...(trust === 'stale' && { reason: HOSTILE }) } }];

function hostileTables() {
  const order = (id) => ({ wsKey: 'spotPrivateV1', symbol: id % 10 ? 'KCS-USDT' : HOSTILE, orderId: `${id}`, side: 'buy', orderType: 'limit',
    price: '0.000000001234567890123', stopPrice: null, size: '1234567890.123456789', funds: null, phase: 'open', outcome: null, cancelReason: HOSTILE,
    filledSize: '0.1', averagePrice: null, placedAt: `${1796087858292329584n + BigInt(id) * 1_000_000n}`, updatedAt: null, endedAt: null, isContradicted: id === 999 });
  return {
    orders: Object.fromEntries(Array.from({ length: 1000 }, (_, id) => [`${id}`, order(id)])),
    balances: { one: { wsKey: 'spotPrivateV1', account: HOSTILE, currency: HOSTILE, total: '1', available: '1', hold: null, equity: null, liability: null, unrealisedPnl: null } },
    trusts: Object.fromEntries([live('orders'), live('balances', 'stale')]),
    connections: { one: { wsKey: HOSTILE, status: 'reconnecting', detail: HOSTILE, events: 1, recovered: 0, gaps: 1, latencyMs: null } },
    findings: { all: [HOSTILE] },
    gaps: { 1: { wsKey: 'spotPrivateV1', at: '1796087858292329584', cause: HOSTILE, parts: ['orders'], open: ['orders'], closedAt: null, missing: [HOSTILE] } },
  };
}

// --- Checks of one page ---

class Screen {
  constructor(page, width, scheme, origin) {
    Object.assign(this, { page, name: `${width}-${scheme}`, problems: [], isBroken: false });
    page.on('console', (message) => {
      const isOfStream = this.isBroken && message.location().url.includes('/events');
      if (['error', 'warning'].includes(message.type()) && !isOfStream) this.problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.problems.push(`error: ${error}`));
    page.on('request', (request) => { if (new URL(request.url()).origin !== origin) this.problems.push(`request to ${request.url()}`); });
  }

  /** Waits until a function in the page returns a value. `waitForFunction` of the driver needs `eval`, which the page forbids. */
  async until(what, check, argument) {
    for (const end = Date.now() + 30_000; Date.now() < end;) {
      if (await this.page.evaluate(check, argument)) return;
      await this.page.waitForTimeout(50);
    }
    assert.fail(`${this.name}: not in time: ${what}`);
  }

  async shot(what) {
    await this.page.waitForTimeout(150);
    const excess = await this.page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.list')].reduce((sum, node) => sum + node.scrollWidth - node.clientWidth, 0));
    assert.equal(excess, 0, `${this.name}: ${what} scrolls horizontally`);
    await this.page.screenshot({ path: `${folder}/${what}-${this.name}.png`, fullPage: what === 'charts' });
  }

  async open(panel) {
    await this.page.click(`#tab-${panel}`);
    await this.until(`view ${panel}`, (panel) => !document.getElementById(panel).hidden, panel);
  }

  /** WCAG AA: text has a contrast of 4.5 to its background. */
  async checkContrast(what) {
    const bad = await this.page.evaluate(() => {
      const rgb = (text) => { const parts = text.match(/[\d.]+/g)?.map(Number) ?? []; return parts[3] === 0 || text === 'transparent' ? null : parts.slice(0, 3); };
      const light = (colour) => colour.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
      const found = [];
      for (const node of document.querySelectorAll('body *')) {
        const hasText = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
        if (!hasText || !node.checkVisibility() || node.closest('noscript, option')) continue;
        let behind = node, back = null;
        while (behind && !(back = rgb(getComputedStyle(behind).backgroundColor))) behind = behind.parentElement;
        const style = getComputedStyle(node), front = rgb(node instanceof SVGElement ? style.fill : style.color);
        const [one, other] = [light(front), light(back ?? [255, 255, 255])].sort((a, b) => b - a);
        if ((one + 0.05) / (other + 0.05) < 4.5) found.push(`${node.tagName} ${node.className} ${node.textContent.slice(0, 30)}`);
      }
      return found;
    });
    assert.deepEqual(bad, [], `${this.name}: contrast of ${what}`);
  }

  async seeLossAndRecovery() {
    const { page } = this;
    await this.until('rows are shown', () => document.querySelector('#orders tbody tr'));
    await this.until('the loss is shown in the trust and in the rows', () =>
      document.querySelector('#trust .tag.stale') && document.querySelector('#orders tr.old .tag.stale') && /reconnecting/.test(document.querySelector('#connections').textContent));
    await this.shot('loss');
    await this.checkContrast('the loss');
    await this.until('all parts are live again', () => document.querySelectorAll('#trust .tag.live').length === 5 && !document.querySelector('tr.old'));
    assert.equal(await page.locator('#banner').textContent(), '');
  }

  async seeOrders() {
    const { page } = this;
    await this.open('orders');
    await this.shot('orders');
    await this.checkContrast('orders');
    await page.click('[data-orders=done]');
    await this.until('done orders', () => [...document.querySelectorAll('#orders tbody td:nth-child(7)')].some((cell) => /filled|canceled/.test(cell.textContent)));
    await page.fill('#filter', 'usdtm');
    await this.until('only symbols of the filter', () => { const names = [...document.querySelectorAll('#orders tbody button')]; return names.every((name) => name.textContent.includes('USDTM')); });
    await page.fill('#filter', 'nothing');
    await this.until('an empty list', () => /No done order of a symbol/.test(document.querySelector('#orders .empty')?.textContent));
    await page.fill('#filter', '');
    await this.until('all rows', () => document.querySelector('#orders tbody tr'));
    const key = await page.locator('#orders tbody tr').nth(3).getAttribute('data-key');
    await page.click(`#orders tr[data-key="${key}"] button`);
    await this.until('details', (key) => document.querySelector('#details').open && document.querySelector('#details dl').textContent.includes(`order id${key}`), key);
    await this.shot('details');
    await this.checkContrast('details');
    await page.click('#close');
    await page.click('[data-orders=open]');
  }

  async seeCharts() {
    const { page } = this;
    await this.open('charts');
    await this.until('charts', () => document.querySelectorAll('.charts svg .line').length >= 6);
    await page.selectOption('#currency', 'XBT');
    await this.until('charts in XBT', () => /XBT/.test(document.querySelector('[data-chart=equity] figcaption').textContent));
    await page.selectOption('#currency', 'USDT');
    for (const [range, label] of [[3600, '1 h'], [900, '15 m'], [60, '1 m']]) {
      await page.click(`[data-range="${range}"]`);
      await this.until(`range ${label}`, (label) => document.querySelector('[data-range][aria-pressed=true]').textContent === label, label);
    }
    const chart = page.locator('[data-chart=equity] figure').filter({ has: page.locator('.edge') }).first();
    await chart.scrollIntoViewIfNeeded();
    // In one step, because each draw replaces the content of the chart.
    const edge = await chart.evaluate((figure) => figure.querySelector('.edge').getBoundingClientRect().toJSON());
    await page.mouse.move(edge.x + edge.width / 2, edge.y + 40);
    await this.until('the cause of a gap', () => [...document.querySelectorAll('.tip')].some((tip) => /gap: disconnected/.test(tip.textContent)));
    await this.shot('tooltip');
    await page.mouse.move(1, 1);
    if (this.name.startsWith('375')) {
      const box = await page.locator('[data-chart=orders] svg').first().evaluate((svg) => { svg.scrollIntoView({ block: 'center' }); return svg.getBoundingClientRect().toJSON(); });
      await page.touchscreen.tap(box.x + box.width - 12, box.y + 40);
      await this.until('the value at a finger', () => /\d+ orders/.test(document.querySelector('[data-chart=orders] .tip').textContent));
    }
    await chart.locator('svg').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await this.until('the value at the cursor', () => /\d\d:\d\d:\d\d {2}[\d.]+ USDT/.test(document.activeElement.parentElement.querySelector('.tip').textContent));
    assert.match(await chart.locator('svg').getAttribute('aria-label'), /lowest [\d.]+, highest [\d.]+, now [\d.]+ USDT; gaps: [1-9]/);
    await page.keyboard.press('Escape');
    await this.shot('charts');
    await this.checkContrast('charts');
  }

  async seeTheRest() {
    const { page } = this;
    for (const panel of ['positions', 'balances', 'gaps']) {
      await this.open(panel);
      await this.until(panel, (panel) => document.querySelector(`#${panel} :is(tbody tr, li)`), panel);
      await this.shot(panel);
      await this.checkContrast(panel);
    }
    await this.until('a closed gap with its cause', () => [...document.querySelectorAll('#gap-list li')].some((gap) => /\(\d+\.\d s\).*disconnected/.test(gap.textContent)));
    await page.locator('#tab-gaps').focus();
    await page.keyboard.press('ArrowLeft');
    await this.until('the view before by keyboard', () => !document.getElementById('charts').hidden);
    const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.click('#theme');
    const light = await colour();
    await page.click('#theme');
    assert.notEqual(await colour(), light, `${this.name}: the theme does not change`);
    await page.click('#theme');
    const refused = await page.evaluate(() => { try { document.createElement('p').innerHTML = '<b>x</b>'; return false; } catch { return true; } });
    this.problems = this.problems.filter((problem) => !problem.includes('TrustedHTML'));
    assert.ok(refused, 'text can become HTML');
  }

  async seeBrokenStream() {
    await this.until('the banner', () => document.querySelector('#banner').textContent.startsWith('No connection to the program'));
    await this.until('charts are marked', () => document.querySelector('.offline [data-chart=equity] .edge') && /^old: /.test(document.querySelector('[data-chart=equity] b').textContent));
    await this.open('orders');
    await this.until('rows are marked', () => [...document.querySelectorAll('#orders tbody tr')].every((row) => row.className === 'old'));
    await this.shot('broken');
    await this.checkContrast('the broken stream');
  }

  async seeHostileRows() {
    const { page } = this;
    await this.until('a list of 1,000 orders', () => document.querySelector('#orders .more')?.textContent === 'Show 100 more of 1000');
    assert.equal(await page.locator('#orders tbody tr').count(), 100);
    await page.click('#orders .more');
    await this.until('100 more rows', () => document.querySelectorAll('#orders tbody tr').length === 200);
    assert.match(await page.locator('#orders tbody tr').first().textContent(), /stale/, 'an order that events contradict is stale');
    await page.fill('#filter', '<img');
    await this.until('hostile rows only', () => document.querySelectorAll('#orders tbody tr').length === 100);
    await page.locator('#orders tbody tr td:nth-child(2)').first().click();
    await this.until('details', (text) => document.querySelector('#details-title').textContent === text, HOSTILE);
    await this.shot('hostile-details');
    await page.click('#close');
    for (const panel of PANELS) {
      await this.open(panel);
      await this.shot(`hostile-${panel}`);
    }
    assert.equal(await page.evaluate(() => document.querySelectorAll('img').length + (window.hacked ?? 0)), 0, 'text became HTML');
  }

  async seeNothing() {
    for (const [panel, text] of [['orders', 'No open order'], ['positions', 'No open position'], ['balances', 'No balance'], ['gaps', 'No gap']]) {
      await this.open(panel);
      if (panel === 'orders') await this.page.fill('#filter', '');
      await this.until(`no ${panel}`, ([panel, text]) => document.querySelector(`#${panel} .empty`)?.textContent.startsWith(text), [panel, text]);
      await this.shot(`empty-${panel}`);
    }
  }
}

async function main() {
  await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
  const origin = `http://127.0.0.1:${proxy.address().port}`;
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const screens = await Promise.all(SCREENS.map(async ([width, colorScheme]) => {
    const context = await browser.newContext({ viewport: { width, height: width === 375 ? 812 : 860 }, colorScheme, hasTouch: width === 375 });
    const screen = new Screen(await context.newPage(), width, colorScheme, origin);
    await screen.page.goto(origin);
    return screen;
  }));
  const all = (step) => Promise.all(screens.map(step));
  await all((screen) => screen.seeLossAndRecovery());
  await all(async (screen) => {
    await screen.seeOrders();
    await screen.seeCharts();
    await screen.seeTheRest();
    screen.isBroken = true;
  });
  const steps = () => all((screen) => screen.page.locator('[data-chart=equity] .line').last().getAttribute('d').then((path) => path.split('H').length));
  await all(async (screen) => { await screen.open('charts'); await screen.page.click('[data-range="900"]'); });
  await all((screen) => screen.page.waitForTimeout(500));
  const before = await steps();
  breakStreams('refuse');
  await all((screen) => screen.seeBrokenStream());
  breakStreams('forward');
  await all((screen) => screen.until('the page recovers by itself', () => !document.body.classList.contains('offline') && !document.querySelector('#banner').textContent));
  await all((screen) => screen.open('charts'));
  await all((screen) => screen.page.waitForTimeout(500));
  (await steps()).forEach((count, at) => assert.ok(count >= before[at], `${screens[at].name}: chart history is lost`));
  assert.ok(resumed.length >= screens.length, 'pages resume with Last-Event-ID');
  assert.ok(resumed.every(([, name]) => name === 'change'), `pages resume without a snapshot: ${resumed}`);

  await all((screen) => screen.open('orders'));
  breakStreams(snapshot('hostile', hostileTables()));
  const keepAlive = setInterval(() => { for (const stream of streams) if (!stream.destroyed) stream.write(`id: hostile-2\nevent: change\ndata: {"now":${Date.now()},"tables":{},"points":{}}\n\n`); }, 1000);
  await all((screen) => screen.seeHostileRows());
  clearInterval(keepAlive);
  breakStreams(snapshot('empty', { trusts: Object.fromEntries(['orders', 'balances', 'positions'].map((part) => live(part))) }));
  await all((screen) => screen.seeNothing());
  const problems = screens.flatMap((screen) => screen.problems.map((problem) => `${screen.name}: ${problem}`));
  assert.deepEqual(problems, []);
  await browser.close();
  console.log(`the live page works on ${screens.length} screens; screenshots in ${folder}`);
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
