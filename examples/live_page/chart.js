// One line over time as SVG: steps between exact values, gaps shaded, and the value at a pointer or at the keyboard's cursor.

const NS = 'http://www.w3.org/2000/svg';
const HEIGHT = 150, LEFT = 62, RIGHT = 8, TOP = 8, BOTTOM = 20;
let patterns = 0;

export const time = (ms, digits = 0) => new Date(ms).toLocaleTimeString([], { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: digits || undefined });

function svg(parent, tag, attributes, text) {
  const node = parent.appendChild(document.createElementNS(NS, tag));
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Returns round values for the axis, at most four. */
function ticks(low, high) {
  const rough = (high - low) / 3, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough);
  const values = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) values.push(at * step + 0); // no -0
  return { step, values };
}

function label(value, step) {
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  if (digits > 5) return value.toPrecision(4);
  if (Math.abs(value) >= 1e7) return value.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 6 });
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export class Chart {
  constructor() {
    this.figure = document.createElement('figure');
    const caption = this.figure.appendChild(document.createElement('figcaption'));
    [this.name, this.value, this.what] = ['span', 'b', 'small'].map((tag) => caption.appendChild(document.createElement(tag)));
    this.svg = svg(this.figure, 'svg', { tabindex: 0, role: 'img' });
    this.tip = this.figure.appendChild(document.createElement('div'));
    this.tip.className = 'tip';
    this.tip.setAttribute('role', 'status');
    this.pattern = `hatch-${patterns += 1}`;
    this.cursor = null; // milliseconds
    const point = (event) => {
      const box = this.svg.getBoundingClientRect();
      const part = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT - RIGHT);
      this.move(this.data.from + Math.min(1, Math.max(0, part)) * (this.data.to - this.data.from));
    };
    this.svg.addEventListener('pointermove', point);
    this.svg.addEventListener('pointerdown', point);
    // A finger that is lifted leaves too: its value stays until the chart loses the focus.
    this.svg.addEventListener('pointerleave', (event) => event.pointerType === 'touch' || this.move(null));
    this.svg.addEventListener('blur', () => this.move(null));
    this.svg.addEventListener('keydown', (event) => this.onKey(event));
  }

  /** Left and right go from one value to the next. */
  onKey(event) {
    const { from, to, points } = this.data, at = this.cursor ?? to;
    const times = [from, ...points.map(([at]) => at).filter((at) => at > from && at < to), to];
    const next = { ArrowLeft: () => times.findLast((time) => time < at) ?? from, ArrowRight: () => times.find((time) => time > at) ?? to,
      Home: () => from, End: () => to, Escape: () => null }[event.key];
    if (!next) return;
    event.preventDefault();
    this.move(next());
  }

  move(cursor) {
    this.cursor = cursor;
    this.draw();
  }

  /** The point in force at a time; `undefined` if there is none. */
  pointAt(ms) { return this.data.points.findLast(([at]) => at <= ms); }

  update(data) {
    this.data = data;
    this.draw();
  }

  draw() {
    const { name, what, unit, points, gaps, from, to, isOld } = this.data;
    const width = this.svg.clientWidth || 320, right = width - RIGHT, bottom = HEIGHT - BOTTOM;
    const start = points.findLastIndex(([at]) => at <= from);
    const shown = points.slice(Math.max(0, start)).filter(([at]) => at <= to);
    const values = shown.map(([, value]) => value).filter((value) => value !== null);
    const last = this.pointAt(to)?.[1] ?? null;
    this.name.textContent = name;
    this.value.textContent = last === null ? 'no value now' : `${isOld ? 'old: ' : ''}${last} ${unit}`;
    this.what.textContent = what;
    const numbers = values.map(Number); // for pixels only
    let low = numbers.reduce((least, value) => Math.min(least, value), Infinity), high = numbers.reduce((most, value) => Math.max(most, value), -Infinity);
    const exact = (number) => values[numbers.indexOf(number)];
    const summary = values.length ? `lowest ${exact(low)}, highest ${exact(high)}` : 'no value';
    this.svg.setAttribute('aria-label', `${name}, ${what}, from ${time(from)} to ${time(to)}: ${summary}, now ${last ?? 'no value'} ${unit}; gaps: ${gaps.length}. Arrow keys read single values.`);
    this.svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.svg.replaceChildren();
    const pad = high > low ? (high - low) * 0.08 : Math.abs(high) * 0.01 || 1;
    [low, high] = values.length ? [low - pad, high + pad] : [0, 1];
    const x = (ms) => LEFT + (Math.min(to, Math.max(from, ms)) - from) / (to - from) * (right - LEFT);
    const y = (value) => bottom - (Number(value) - low) / (high - low) * (bottom - TOP);
    const axis = ticks(low, high);
    for (const value of values.length ? axis.values : []) {
      svg(this.svg, 'line', { class: 'grid', x1: LEFT, x2: right, y1: y(value), y2: y(value) });
      svg(this.svg, 'text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, label(value, axis.step));
    }
    for (const [anchor, at, ms] of [['start', LEFT, from], ['middle', (LEFT + right) / 2, (from + to) / 2], ['end', right, to]]) {
      svg(this.svg, 'text', { x: at, y: HEIGHT - 5, 'text-anchor': anchor }, time(ms));
    }
    let path = '', isDrawing = false;
    for (const [at, value] of shown) {
      if (isDrawing) path += `H${x(at).toFixed(1)}`;
      if (value !== null) path += `${isDrawing ? 'V' : `M${x(at).toFixed(1)} `}${y(value).toFixed(1)}`;
      isDrawing = value !== null;
    }
    if (path) svg(this.svg, 'path', { class: 'line', d: isDrawing ? `${path}H${right}` : path });
    else svg(this.svg, 'text', { x: (LEFT + right) / 2, y: HEIGHT / 2, 'text-anchor': 'middle' }, 'no value in this time');
    this.drawGaps(gaps, x, bottom);
    this.drawCursor(x, y, bottom, unit, gaps);
  }

  drawGaps(gaps, x, bottom) {
    const hatch = svg(svg(this.svg, 'defs', {}), 'pattern', { id: this.pattern, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' });
    svg(hatch, 'line', { class: 'hatch', y2: 6 });
    for (const gap of gaps) {
      const box = { x: x(gap.from), width: Math.max(2, x(gap.to) - x(gap.from)) };
      svg(this.svg, 'rect', { class: 'veil', y: TOP, height: bottom - TOP, ...box });
      svg(this.svg, 'rect', { fill: `url(#${this.pattern})`, y: TOP, height: bottom - TOP, ...box });
      svg(this.svg, 'rect', { class: 'edge', y: TOP, height: 3, ...box });
    }
  }

  drawCursor(x, y, bottom, unit, gaps) {
    if (this.cursor === null) {
      this.tip.textContent = '';
      return;
    }
    const at = Math.min(this.data.to, Math.max(this.data.from, this.cursor)), value = this.pointAt(at)?.[1] ?? null;
    svg(this.svg, 'line', { class: 'cursor', x1: x(at), x2: x(at), y1: TOP, y2: bottom });
    if (value !== null) svg(this.svg, 'circle', { class: 'dot', cx: x(at), cy: y(value), r: 5 });
    const gap = gaps.find((gap) => gap.from <= at && at <= gap.to);
    const text = `${time(at)}  ${value === null ? 'no value' : `${value} ${unit}`}${gap ? `\ngap: ${gap.cause}` : ''}`;
    if (this.tip.textContent !== text) this.tip.textContent = text;
    const isLeft = x(at) > (this.svg.clientWidth || 320) / 2;
    [this.tip.style.left, this.tip.style.right] = isLeft ? ['12px', 'auto'] : ['auto', '12px'];
  }
}
