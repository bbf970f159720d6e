/**
 * Adaptive layouts in the browser: one module, no dependencies; types in adaptive-layout.d.ts.
 *
 *   <adaptive-layout surface="home" controls> …children with data-block="<id>"… </adaptive-layout>
 *
 * LayoutClient talks to the server and knows no page; the element renders, listens and explains.
 * A layout changes between visits, or because the user asked for it, and never by itself.
 */

const KEY = 'adaptive-layout:';
const BATCH = 50; // events in one request; a keepalive request may carry 64 KiB
const KEPT_BATCHES = 100; // unsent batches kept on this device
const SEND_AFTER = 1000; // ms
const RETRY_AT_MOST = 300_000; // ms
const ENGLISH = {
  options: 'Options for {title}',
  why: 'Why is this here?',
  pin: 'Keep it here',
  unpin: 'Let it move',
  earlier: 'Move up',
  later: 'Move down',
  layout: 'Layout',
  undo: 'Undo',
  freeze: 'Freeze',
  reset: 'Reset',
  moved: 'Moved since your last visit: {titles}.',
  placed: '{title} is now number {rank} of {count}.',
  pinned: '{title} stays where it is.',
  unpinned: '{title} may move again.',
  undone: 'Your last change is undone.',
  returned: 'The layout is as it was at your last visit.',
  nothing: 'There is nothing to undo.',
  frozen: 'The layout is frozen.',
  unfrozen: 'The layout may adapt again.',
  restored: 'The layout is back to the default.',
  failed: 'That did not work: {problem}',
  plain: 'This is its usual place.',
};

/* ---- talking to the server ---- */

const store = (() => {
  try {
    localStorage.removeItem(KEY);
    return localStorage;
  } catch {
    // Storage is blocked: events still go out, but do not outlive the page.
    const kept = new Map();
    return {
      setItem: (key, value) => kept.set(key, value),
      getItem: (key) => kept.get(key) ?? null,
      removeItem: (key) => kept.delete(key),
      key: (i) => [...kept.keys()][i],
      get length() { return kept.size; },
    };
  }
})();

// crypto.randomUUID needs https; this does not.
const uuid = () => '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (c) =>
  (+c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+c / 4)))).toString(16));

const cookie = (name) => document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1] ?? '';

async function checked(response) {
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail || problem.title || `${response.status}`);
}

export class LayoutClient {
  #waiting = [];
  #sending = new Set();
  #delay = SEND_AFTER;
  #timer = 0;

  constructor({ surface, api = '/api/', token = '', payload = null }) {
    Object.assign(this, { surface, api, token, payload });
    addEventListener('online', () => this.flush());
    addEventListener('pagehide', () => this.flush());
    this.#later(0);
  }

  /** The layout of this visit; the browser's cache revalidates it by ETag, and serves it offline. */
  async load() {
    const ask = (cache) => fetch(`${this.api}layout?surface=${encodeURIComponent(this.surface)}`,
      { cache, headers: this.#headers() });
    const response = await ask('no-cache').catch(() => ask('force-cache'));
    this.payload = await (await checked(response)).json();
    return this.payload;
  }

  /** Notes an event; it goes out with others within a second, and survives being offline. */
  track(type, block, more) {
    this.#waiting.push({ id: uuid(), type, ...(block && { block }), at: new Date().toISOString(), ...more });
    this.#later(SEND_AFTER);
  }

  /** Sends what waits. A batch keeps its bytes until the server has answered for it. */
  async flush() {
    while (this.#waiting.length && this.payload?.decision) {
      const events = this.#waiting.splice(0, BATCH);
      const body = JSON.stringify({ decision: this.payload.decision, events });
      store.setItem(`${KEY}${Date.now()}:${uuid()}:${this.payload.whose}`, body);
    }
    const keys = Array.from({ length: store.length }, (_, i) => store.key(i))
      .filter((key) => key?.startsWith(KEY)).sort();
    for (const key of keys.splice(0, keys.length - KEPT_BATCHES)) store.removeItem(key);
    // Another user's batches wait on this device until that one is back; a visitor's are anyone's.
    await Promise.all(keys.filter((key) => [this.payload?.whose, ''].includes(key.split(':')[3] ?? ''))
      .map((key) => this.#send(key)));
  }

  /** pin, unpin, move, undo, freeze, reset: acts at once and returns the layout that follows. */
  async feedback(type, fields = {}) {
    await this.flush();
    const body = JSON.stringify({ id: uuid(), at: new Date().toISOString(), type, decision: this.payload.decision, ...fields });
    this.payload = await (await checked(await this.#post('feedback', body))).json();
    return this.payload;
  }

  async #send(key) {
    const body = store.getItem(key);
    if (!body || this.#sending.has(key)) return;
    this.#sending.add(key);
    try {
      const { ok, status } = await this.#post('events', body);
      if (status === 403) return; // not of whoever asks now: it waits until that one is back
      // Any other 4xx would be refused again: drop it.
      if (!ok && (status >= 500 || [401, 408, 425, 429].includes(status))) throw status;
      store.removeItem(key);
      this.#delay = SEND_AFTER;
    } catch {
      this.#delay = Math.min(this.#delay * 2, RETRY_AT_MOST);
      this.#later(this.#delay);
    }
    this.#sending.delete(key);
  }

  #post(path, body) {
    if (!('keepalive' in Request.prototype) && !this.token && document.visibilityState === 'hidden') {
      // An older browser would drop the request with the page. No answer comes: it is sent again.
      navigator.sendBeacon(this.api + path, new Blob([body], { type: 'application/json' }));
      return Promise.reject();
    }
    return fetch(this.api + path, { method: 'POST', body, keepalive: true, headers: this.#headers() });
  }

  #headers() {
    const csrf = cookie('csrftoken');
    return {
      'Content-Type': 'application/json',
      ...(this.token && { Authorization: `Bearer ${this.token}` }),
      ...(csrf && { 'X-CSRFToken': csrf }),
    };
  }

  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), ms);
  }
}

/* ---- the page ---- */

/** The grid of every breakpoint as container queries; the template tag writes the same rules. */
export function gridCss({ breakpoints, cols, layouts, row_height: row }, scope) {
  return Object.entries(breakpoints).sort((a, b) => a[1] - b[1]).map(([name, min]) =>
    `@container (min-width:${min}px){${scope}{grid-template-columns:repeat(${cols[name]},minmax(0,1fr));`
    + `grid-auto-rows:minmax(${row}px,auto)}`
    + layouts[name].map(({ id, x, y, w, h }) =>
      `${scope}>[data-block="${id}"]{grid-area:${y + 1}/${x + 1}/span ${h}/span ${w}}`).join('') + '}').join('');
}

// In :where(), so that any rule of the page wins. What is pressed keeps the colour of its text: a page
// that sets a background of its own still can be read.
const CONTROLS_CSS = `
:where(adaptive-layout [data-block]){position:relative}
:where(.al-menu){position:absolute;inset-block-start:.5rem;inset-inline-end:.5rem;inline-size:2rem;block-size:2rem;padding:0;
 border:0;border-radius:.5rem;background:transparent;color:inherit;font:inherit;cursor:pointer;z-index:2}
:where(.al-menu:hover,.al-menu[aria-expanded=true]){background:color-mix(in srgb,currentColor 12%,transparent)}
:where(.al-panel){position:absolute;inset-block-start:2.75rem;inset-inline-end:.5rem;inline-size:min(18rem,100% - 1rem);
 z-index:3;padding:.75rem;border:1px solid;border-radius:.75rem;background:Canvas;color:CanvasText;
 box-shadow:0 .5rem 1.5rem rgb(0 0 0/.25)}
:where(.al-panel p){margin:0 0 .5rem}
:where(.al-panel,.al-bar) :where(button){font:inherit;min-block-size:2rem;margin:.125rem;padding:.125rem .625rem;
 border:1px solid;border-radius:.5rem;background:transparent;color:inherit;cursor:pointer}
:where(.al-bar) :where(button[aria-pressed=true]){background:color-mix(in srgb,currentColor 12%,transparent);
 box-shadow:inset 0 0 0 2px currentColor}
:where(adaptive-layout button:is(:disabled,[aria-disabled=true])){opacity:.5;cursor:default}
.al-live{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}`;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export class AdaptiveLayout extends HTMLElement {
  #grid;
  #sheet = new CSSStyleSheet();
  #live;
  #renderer = null;
  #open = null; // the block whose options are shown
  #strings = ENGLISH;

  get payload() { return this.client?.payload ?? null; }

  /** Hand the payload to another grid (gridstack, react-grid-layout) instead of rendering it. */
  set renderer(render) {
    this.#renderer = render;
    if (this.payload) render(this.payload);
  }

  connectedCallback() {
    if (!this.client) this.#start();
  }

  async #start() {
    const boot = JSON.parse(this.querySelector(':scope>script[type="application/json"]')?.textContent ?? '{}');
    const attribute = (name, otherwise) => this.getAttribute(name) ?? otherwise;
    this.client = new LayoutClient({
      surface: attribute('surface'), api: attribute('api', '/api/'), token: attribute('token', ''), payload: boot.payload,
    });
    this.#strings = { ...ENGLISH, ...boot.strings };
    this.#grid = this.querySelector(':scope>[data-grid]') ?? this.#wrap();
    document.adoptedStyleSheets.push(this.#sheet);
    if (!boot.payload && !(await this.#fetched())) return;
    this.#show();
    if (this.hasAttribute('controls')) this.#addControls();
    this.#listen();
    this.client.track('impression');
    this.client.flush();
    this.#announceMoves();
    this.dispatchEvent(new CustomEvent('layout', { detail: this.payload, bubbles: true }));
  }

  /** Waits for the layout, hidden, for at most `timeout` ms; then the page stays as authored. */
  async #fetched() {
    const late = new Promise((done) => setTimeout(done, +(this.getAttribute('timeout') ?? 1000)));
    this.#grid.style.visibility = 'hidden';
    const payload = await Promise.race([this.client.load().catch(() => null), late]);
    this.#grid.style.visibility = '';
    return payload;
  }

  #wrap() {
    const grid = make('div', {}, ...this.children);
    grid.dataset.grid = '';
    this.append(grid);
    return grid;
  }

  get #blocks() {
    return [...this.#grid.children].filter((child) => child.dataset.block);
  }

  /** Whether the decision knows the block: an event of any other would be refused with its batch. */
  #isPlaced(id) {
    return this.payload.order.includes(id);
  }

  #title(id) {
    return this.payload.elements[id]?.title ?? id;
  }

  /** Places the blocks: grid areas by a style sheet, and DOM order = reading order. */
  #show() {
    if (this.#renderer) return this.#renderer(this.payload);
    const name = CSS.escape(this.client.surface);
    const base = 'adaptive-layout{display:block;container-type:inline-size}'
      + 'adaptive-layout>[data-grid]{display:grid;gap:var(--al-gap,1rem)}';
    this.#sheet.replaceSync(base + gridCss(this.payload, `adaptive-layout[surface="${name}"]>[data-grid]`) + CONTROLS_CSS);
    const focused = document.activeElement;
    const byId = new Map(this.#blocks.map((block) => [block.dataset.block, block]));
    let next = this.#grid.firstElementChild;
    for (const id of this.payload.order) {
      const block = byId.get(id);
      if (!block) continue;
      byId.delete(id);
      block.hidden = false;
      if (block === next) next = next.nextElementSibling;
      else (this.#grid.moveBefore ?? this.#grid.insertBefore).call(this.#grid, block, next);
    }
    for (const removed of byId.values()) removed.hidden = true; // no longer on the surface
    if (focused !== document.activeElement && this.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** Shows another payload of the surface, gliding from what is there. */
  show(payload) {
    this.client.payload = payload;
    this.#showMoving();
    this.dispatchEvent(new CustomEvent('layout', { detail: payload, bubbles: true }));
  }

  #showMoving() {
    const before = this.#blocks.map((block) => [block, block.getBoundingClientRect()]);
    this.#show();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    for (const [block, from] of before) {
      const to = block.getBoundingClientRect();
      const shift = `translate(${from.x - to.x}px,${from.y - to.y}px)`;
      if (from.x !== to.x || from.y !== to.y) {
        block.animate([{ transform: shift }, { transform: 'none' }], { duration: 250, easing: 'ease-out' });
      }
    }
  }

  /* -- listening -- */

  #listen() {
    for (const type of ['click', 'change', 'submit']) {
      this.addEventListener(type, ({ target }) => {
        const id = target.closest('[data-block]')?.dataset.block;
        if (this.#isPlaced(id) && !target.closest('.al-menu,.al-panel')) this.client.track('use', id);
      }, true);
    }
    const since = new Map(); // block id → when it came into view; NaN while the page is hidden
    const dwell = new Map(); // block id → ms in view, not yet sent
    const seen = new Set();
    const leave = (id) => {
      dwell.set(id, (dwell.get(id) ?? 0) + (performance.now() - since.get(id) || 0));
    };
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting, intersectionRatio, intersectionRect, rootBounds } of entries) {
        const id = target.dataset.block;
        const inView = isIntersecting
          && (intersectionRatio >= 0.5 || intersectionRect.height >= rootBounds?.height / 2);
        if (inView && !since.has(id)) {
          since.set(id, performance.now());
          if (!seen.has(id)) this.client.track('impression', id);
          seen.add(id);
        } else if (!inView && since.has(id)) {
          leave(id);
          since.delete(id);
        }
      }
    }, { threshold: [0, 0.25, 0.5, 0.75, 1] });
    for (const block of this.#blocks) if (this.#isPlaced(block.dataset.block)) watcher.observe(block);
    document.addEventListener('visibilitychange', () => {
      const hidden = document.visibilityState === 'hidden';
      for (const id of since.keys()) {
        if (hidden) leave(id);
        since.set(id, hidden ? NaN : performance.now());
      }
      if (!hidden) return;
      for (const [id, ms] of dwell) if (ms >= 1000) this.client.track('dwell', id, { ms: Math.round(ms) });
      dwell.clear();
      this.client.flush();
    });
  }

  /* -- controls -- */

  #addControls() {
    this.#live = make('p', { className: 'al-live', role: 'status' });
    this.prepend(this.#live);
    const bar = this.querySelector(':scope>.al-bar') ?? make('div', { className: 'al-bar' });
    if (!bar.isConnected) this.prepend(bar);
    bar.role = 'toolbar';
    bar.ariaLabel = this.#strings.layout;
    bar.replaceChildren(
      this.#button('undo', () => this.undo()),
      this.#button('freeze', () => this.freeze()),
      this.#button('reset', () => this.#ask('reset', {}, 'restored')),
    );
    this.#showState();
    this.addEventListener('layout', () => this.#showState());
    for (const block of this.#blocks) {
      const label = fill(this.#strings.options, { title: this.#title(block.dataset.block) });
      const button = make('button', { type: 'button', className: 'al-menu', textContent: '⋯', ariaLabel: label, ariaExpanded: false });
      button.addEventListener('click', () => (this.#open === block ? this.#close() : this.why(block.dataset.block)));
      block.append(button);
    }
    this.addEventListener('keydown', (event) => event.key === 'Escape' && this.#close());
    document.addEventListener('click', ({ target }) => this.#open?.contains(target) || this.#close(false));
  }

  /** Whether the layout is frozen, and whether there is something to undo. */
  #showState() {
    const set = (name, state, on) => this.querySelector(`.al-bar [name=${name}]`)?.setAttribute(state, on);
    set('freeze', 'aria-pressed', this.payload.status === 'frozen');
    set('undo', 'aria-disabled', this.payload.undo === 'nothing');
  }

  #button(name, act) {
    const button = make('button', { type: 'button', name, textContent: this.#strings[name] });
    button.addEventListener('click', act);
    return button;
  }

  /** Moves a block past its neighbour; one that the team holds in place is passed over. */
  #mover(name, id, step) {
    const { order, elements } = this.payload;
    let rank = order.indexOf(id) + step;
    while (elements[order[rank]]?.pinned) rank += step;
    const button = this.#button(name, () => this.move(id, rank));
    button.disabled = !order[rank];
    return button;
  }

  /** Opens a block's options, with the reason for its place first. */
  why(id) {
    this.#close();
    const block = this.#open = this.#blocks.find((b) => b.dataset.block === id);
    const pinned = this.payload.pins.includes(id);
    const panel = make('div', { className: 'al-panel', role: 'group', ariaLabel: this.#strings.why },
      make('p', {}, make('strong', { textContent: this.#strings.why })),
      make('p', { textContent: this.payload.why[id] ?? this.#strings.plain }));
    if (!this.payload.elements[id]?.pinned) {
      panel.append(
        this.#button(pinned ? 'unpin' : 'pin', () => this.pin(id, !pinned)),
        this.#mover('earlier', id, -1), this.#mover('later', id, 1),
      );
    }
    block.append(panel);
    block.querySelector('.al-menu').ariaExpanded = true;
    panel.querySelector('button:enabled')?.focus();
  }

  #close(refocus = true) {
    const block = this.#open;
    this.#open = null;
    const button = block?.querySelector('.al-menu');
    block?.querySelector('.al-panel')?.remove();
    if (button) button.ariaExpanded = false;
    if (refocus) button?.focus();
  }

  pin(id, on = true) {
    return this.#ask(on ? 'pin' : 'unpin', { block: id, ...(on && this.#place(id)) }, on ? 'pinned' : 'unpinned');
  }

  /** A block's rank everywhere, and its cell at the breakpoint that is shown. */
  #place(id) {
    const { breakpoints, layouts, order } = this.payload;
    const [breakpoint] = Object.entries(breakpoints).filter(([, min]) => min <= this.clientWidth)
      .sort((a, b) => b[1] - a[1])[0];
    const { x, y } = layouts[breakpoint].find((item) => item.id === id);
    return { rank: order.indexOf(id), breakpoint, x, y };
  }

  move(id, rank) {
    return this.#ask('move', { block: id, rank }, 'placed');
  }

  /** Takes back the user's last wish of this visit; without one, what moved since the last visit. */
  async undo() {
    const { undo } = this.payload;
    if (undo === 'nothing') return this.#say('nothing');
    return this.#ask('undo', {}, undo === 'visit' ? 'returned' : 'undone');
  }

  freeze(on = this.payload.status !== 'frozen') {
    return this.#ask('freeze', { on }, on ? 'frozen' : 'unfrozen');
  }

  async #ask(action, fields, said) {
    this.#close();
    try {
      const payload = await this.client.feedback(action, fields);
      this.show(payload);
      const id = fields.block;
      this.#say(said, { title: this.#title(id), rank: payload.order.indexOf(id) + 1, count: payload.order.length });
    } catch (problem) {
      this.#say('failed', { problem: problem.message });
    }
  }

  #announceMoves() {
    const moved = this.payload.stability?.moved ?? [];
    if (moved.length) this.#say('moved', { titles: moved.map((id) => this.#title(id)).join(', ') });
  }

  #say(name, values) {
    // A live region speaks when its text changes after it was added.
    if (this.#live) setTimeout(() => { this.#live.textContent = fill(this.#strings[name], values); }, 50);
  }
}

customElements.define('adaptive-layout', AdaptiveLayout);
