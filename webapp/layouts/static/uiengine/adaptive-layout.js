// Types, and what each method does: adaptive-layout.d.ts.

const KEY = 'adaptive-layout:';
const BATCH = 50; // events
const KEEPALIVE = 60_000; // bytes; browsers allow 64 KiB over all requests
const KEPT_BATCHES = 100;
const SEND_AFTER = 1000; // ms
const RETRY_AT_MOST = 300_000; // ms
const LIMIT = 5000; // ms for a request
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
  changed: 'The layout was changed elsewhere. Nothing is undone.',
  frozen: 'The layout is frozen.',
  unfrozen: 'The layout may adapt again.',
  restored: 'The layout is back to the default.',
  failed: 'That did not work: {problem}',
  plain: 'This is its usual place.',
  fold: 'Show only its title',
  unfold: 'Show all of it',
  larger: 'Larger',
  smaller: 'Smaller',
  resized: '{title} has another size.',
  put_away: 'Put it away',
  bring_back: 'Bring back {title}',
  decline: 'No, keep it',
  tray: 'Put away',
  said_fold: '{title} shows only its title.',
  said_put_away: '{title} is now at the end of the page.',
  said_bring_back: '{title} is shown again.',
  said_decline: '{title} stays where it is.',
};

let store = {}; // where storage is blocked, events do not outlive the page
try {
  localStorage.removeItem(KEY);
  store = localStorage;
} catch {}

// crypto.randomUUID needs https; this does not.
const uuid = () => '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (c) =>
  (+c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+c / 4)))).toString(16));

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function read(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail || problem.title || `${response.status}`);
}

// Shared by all copies of this module on the page.
const PAGE = globalThis[Symbol.for(KEY)] ??= {
  clients: new Map(), // by address and surface
  queue: Promise.resolve(),
  parting: new Map(), // a batch's key → its length
  failed: new Set(),
};

const isHidden = () => document.visibilityState === 'hidden';

export class LayoutClient extends EventTarget {
  payload = null;
  csrf = null; // asked for with the first wish
  views = 0;
  seen = new Set(); // blocks, and '' for the page
  #waiting = [];
  #delay = SEND_AFTER;
  #timer = 0;
  #next; // queued, not begun
  #asking;

  constructor({ surface, api = '/api/', token = '', csrf, payload }) {
    super();
    const key = `${api} ${surface}`;
    const known = PAGE.clients.get(key);
    const client = known ?? this;
    Object.assign(client, { surface, api, token, ...(csrf && { csrf }) });
    if (payload) client.show(payload);
    if (known) return known;
    PAGE.clients.set(key, this);
    addEventListener('online', () => this.flush());
    addEventListener('pagehide', () => this.flush());
    addEventListener('pageshow', ({ persisted }) => persisted && this.refresh());
    document.addEventListener('visibilitychange', () => this.refresh());
    this.#later(0);
  }

  async load() {
    const before = this.payload;
    const ask = (cache) => this.#fetch(`layout?surface=${encodeURIComponent(this.surface)}`, { cache });
    const payload = await read(await ask('no-cache').catch(() => ask('force-cache')));
    // Unless a wish was answered meanwhile.
    if (this.payload === before && payload.decision !== before?.decision) this.show(payload);
    return this.payload;
  }

  async refresh() {
    const before = this.payload;
    // What the host put there stays; so does what is nobody's though somebody asks.
    if (isHidden() || !before || this.held || (this.token && !before.whose)) return;
    if (this.#asking) return this.#asking;
    await (this.#asking = this.load().catch(() => {}));
    this.#asking = null;
    if (this.payload !== before) {
      this.seen.clear();
      this.see('');
    }
    this.flush();
  }

  show(payload) {
    this.flush(); // what waits belongs to the layout before
    this.payload = payload;
    this.dispatchEvent(new Event('layout'));
  }

  see(id, type = 'impression') {
    if (!this.seen.has(type + id)) this.track(type, id);
    this.seen.add(type + id);
  }

  track(type, block, more) {
    if (type === 'impression' && isHidden()) {
      const later = () => this.track(type, block, more);
      return document.addEventListener('visibilitychange', later, { once: true });
    }
    this.#waiting.push({ id: uuid(), type, ...(block && { block }), at: new Date().toISOString(), ...more });
    this.#later(SEND_AFTER);
  }

  async flush() {
    if (document.prerendering) return;
    while (this.#waiting.length && this.payload?.decision && (!this.#asking || isHidden())) {
      const events = this.#waiting.splice(0, BATCH);
      const body = JSON.stringify({ decision: this.payload.decision, events });
      store[`${KEY}${Date.now()}:${uuid()}:${this.payload.whose}`] = body;
    }
    if (isHidden()) return this.#part();
    await (this.#next ??= PAGE.queue = PAGE.queue.then(() => {
      this.#next = null;
      return this.#drain();
    }));
  }

  async feedback(type, fields = {}) {
    await Promise.race([this.#settled(), pause(SEND_AFTER)]);
    if (!this.token) this.csrf ??= await read(await this.#fetch('csrf'));
    const body = JSON.stringify({ id: uuid(), at: new Date().toISOString(), type, decision: this.payload.decision, ...fields });
    const response = await this.#fetch('feedback', { method: 'POST', body });
    if (response.status === 403) this.csrf = null; // of another session
    const payload = await read(response);
    this.show(payload);
    return payload;
  }

  async #settled() {
    await this.#asking;
    await this.flush();
  }

  #kept() {
    const keys = Object.keys(store).filter((key) => key.startsWith(KEY)).sort();
    for (const key of keys.splice(0, keys.length - KEPT_BATCHES)) delete store[key];
    // Another user's wait until that one is back; a visitor's are anyone's.
    return keys.filter((key) => [this.payload?.whose, ''].includes(key.split(':')[3] ?? ''))
      .sort((a, b) => PAGE.failed.has(a) - PAGE.failed.has(b));
  }

  async #drain() {
    for (const key of this.#kept()) if (!(await this.#send(key))) return this.#retry();
  }

  async #part() {
    let room = KEEPALIVE;
    for (const length of PAGE.parting.values()) room -= length;
    const sent = this.#kept().map(async (key) => {
      const { length } = store[key];
      if (PAGE.parting.has(key) || length > room) return true;
      room -= length;
      PAGE.parting.set(key, length);
      const done = await this.#send(key, true);
      PAGE.parting.delete(key);
      return done;
    });
    if ((await Promise.all(sent)).includes(false)) this.#retry();
  }

  async #send(key, keepalive) {
    const body = store[key];
    if (!body) return true;
    const { ok, status } = await this.#fetch('events', { method: 'POST', body, keepalive }).catch(() => ({ status: 500 }));
    if (!ok && (status >= 500 || [401, 408, 425, 429].includes(status))) {
      PAGE.failed.add(key);
      return false;
    }
    // 403: another user's. Any other 4xx would be refused again.
    if (status !== 403) delete store[key];
    this.#delay = SEND_AFTER;
    return true;
  }

  #retry() {
    this.#delay = Math.min(this.#delay * 2, RETRY_AT_MOST);
    this.#later(this.#delay);
  }

  #fetch(path, init) {
    const { cookie: name, header, token } = this.csrf ?? {};
    const csrf = (name && document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1]) || token;
    const headers = {
      'Content-Type': 'application/json',
      ...(this.token && { Authorization: `Bearer ${this.token}` }),
      ...(csrf && { [header]: csrf }),
    };
    return fetch(this.api + path, { ...init, headers, signal: AbortSignal.timeout(LIMIT) });
  }

  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), ms);
  }
}

// The template tag writes the same rules.
export function gridCss({ breakpoints, cols, layouts, row_height: row }, scope) {
  return Object.entries(breakpoints).sort((a, b) => a[1] - b[1]).map(([name, min]) =>
    `@container (min-width:${min}px){${scope}{grid-template-columns:repeat(${cols[name]},minmax(0,1fr));`
    + `grid-auto-rows:minmax(${row}px,auto)}`
    + layouts[name].map(({ id, x, y, w, h }) =>
      `${scope}>[data-block="${id}"]{grid-area:${y + 1}/${x + 1}/span ${h}/span ${w}}`).join('') + '}').join('');
}

// In :where(), so that any rule of the page wins.
const CONTROLS_CSS = `
:where(adaptive-layout [data-block]){position:relative}
:where(.al-menu){position:absolute;inset-block-start:.5rem;inset-inline-end:.5rem;inline-size:2rem;block-size:2rem;padding:0;
 border:0;border-radius:.5rem;background:transparent;color:inherit;font:inherit;cursor:pointer;z-index:2}
:where(.al-menu:hover,.al-menu[aria-expanded=true]){background:color-mix(in srgb,currentColor 12%,transparent)}
:where(.al-panel){position:absolute;inset-block-start:2.75rem;inset-inline-end:.5rem;box-sizing:border-box;
 inline-size:min(19.5rem,100% - 1rem);z-index:3;padding:.75rem;border:1px solid;border-radius:.75rem;background:Canvas;color:CanvasText;
 box-shadow:0 .5rem 1.5rem rgb(0 0 0/.25)}
:where(.al-panel p){margin:0 0 .5rem}
:where(.al-panel,.al-bar,.al-tray) :where(button){font:inherit;min-block-size:2rem;margin:.125rem;padding:.125rem .625rem;
 border:1px solid;border-radius:.5rem;background:transparent;color:inherit;cursor:pointer}
:where(.al-bar button[aria-pressed=true],[data-pinned]>.al-menu){background:color-mix(in srgb,currentColor 12%,transparent);
 box-shadow:inset 0 0 0 2px currentColor}
:where(adaptive-layout button:is(:disabled,[aria-disabled=true])){opacity:.5;cursor:default}
.al-live{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[data-folded]>:not(.al-menu,.al-panel){display:none!important}
[data-folded]::before{content:attr(data-folded);font-weight:600}
@media print{.al-bar,.al-menu,.al-panel,.al-tray{display:none!important}}`;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export class AdaptiveLayout extends HTMLElement {
  #root = null;
  #life = null;
  #grid;
  #sheets = [];
  #live;
  #tray;
  #watcher;
  #equipped;
  #renderer = null;
  #open = null;
  #strings = ENGLISH;

  get payload() { return this.client?.payload ?? null; }

  set renderer(render) {
    this.#renderer = render;
    if (this.payload) render(this.payload);
  }

  connectedCallback() {
    if (this.#root === this.getRootNode()) return; // moved
    this.#life?.abort();
    this.#life = new AbortController();
    this.#start(this.#life.signal, this.#root = this.getRootNode());
  }

  disconnectedCallback() {
    queueMicrotask(() => { // a move connects it again
      if (this.isConnected) return;
      this.#life?.abort();
      this.#root = null;
    });
  }

  async #start(signal, root) {
    const script = this.querySelector(':scope>script[type="application/json"]');
    const boot = JSON.parse(script?.textContent ?? '{}');
    const [surface, token, api] = ['surface', 'token', 'api'].map((name) => this.getAttribute(name) ?? undefined);
    const client = this.client = new LayoutClient({ surface, token, api, csrf: boot.csrf });
    // A snapshot's copy bears what was read before.
    const isCopy = script?.hasAttribute('data-read');
    script?.setAttribute('data-read', '');
    if (boot.payload && !(isCopy && client.payload)) client.show(boot.payload);
    for (const left of this.querySelectorAll('.al-live,.al-menu,.al-panel')) {
      if (left.closest('adaptive-layout') === this) left.remove();
    }
    this.#strings = { ...ENGLISH, ...boot.strings };
    this.#grid = this.querySelector(':scope>[data-grid]') ?? this;
    if (!boot.payload) await this.#fetched();
    if (!client.payload || signal.aborted) return;
    const { CSSStyleSheet } = this.ownerDocument.defaultView;
    this.#sheets = [new CSSStyleSheet(), new CSSStyleSheet()];
    root.adoptedStyleSheets.push(this.#sheets[0]);
    this.#show();
    if (this.hasAttribute('controls')) this.#addControls(signal);
    if (!client.views++) client.seen.clear();
    this.#listen(signal, root);
    client.see('');
    if (isCopy) client.refresh();
    else client.flush();
    const moved = this.payload.stability?.moved ?? [];
    if (moved.length) this.#say('moved', { titles: moved.map((id) => this.#title(id)).join(', ') });
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent('layout', { detail: this.payload, bubbles: true }));
  }

  async #fetched() {
    this.#grid.style.visibility = 'hidden';
    await Promise.race([this.client.load().catch(() => null), pause(+(this.getAttribute('timeout') ?? 1000))]);
    this.#grid.style.visibility = '';
  }

  get #blocks() {
    return [...this.#grid.children].filter((child) => child.dataset.block);
  }

  #block(id) {
    return this.#blocks.find((block) => block.dataset.block === id);
  }

  // An event of any other block would be refused with its batch.
  #isPlaced(id) {
    return this.payload.order.includes(id);
  }

  #title(id) {
    return this.payload.elements[id]?.title ?? id;
  }

  #show() {
    if (this.#renderer) return this.#renderer(this.payload);
    const [sheet, inner] = this.#sheets;
    const grid = 'display:grid;gap:var(--al-gap,1rem)';
    let scope = `adaptive-layout[surface="${CSS.escape(this.client.surface)}"]`;
    if (this.#grid === this) {
      // The children stay where a framework put them.
      const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
      shadow.replaceChildren(make('slot', { name: 'al' }), make('div', { part: 'grid' }, make('slot')), make('slot', { name: 'al-end' }));
      shadow.adoptedStyleSheets = [inner];
      inner.replaceSync(`div{${grid}}${gridCss(this.payload, 'div')}`);
    } else scope += '>[data-grid]';
    sheet.replaceSync('adaptive-layout{display:block;container-type:inline-size}'
      + `adaptive-layout>[data-grid]{${grid}}${gridCss(this.payload, scope)}${CONTROLS_CSS}`);
    const focused = this.#root.activeElement;
    const rest = this.#blocks;
    for (const id of this.payload.order) {
      const i = rest.findIndex((block) => block.dataset.block === id);
      if (i < 0) continue;
      const [block] = rest.splice(i, 1);
      block.hidden = false;
      if (this.payload.folded?.includes(id)) block.dataset.folded = this.#title(id);
      else delete block.dataset.folded;
      if (i) (this.#grid.moveBefore ?? this.#grid.insertBefore).call(this.#grid, block, rest[0]);
    }
    for (const block of rest) block.hidden = true; // put away or removed
    if (focused !== this.#root.activeElement && this.contains(focused)) focused.focus({ preventScroll: true });
  }

  show(payload) {
    this.client.held = true;
    this.client.show(payload);
  }

  #showMoving() {
    const before = this.#blocks.map((block) => [block, block.getBoundingClientRect()]);
    this.#show();
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    for (const [block, from] of before) {
      const to = block.getBoundingClientRect();
      if (!from.width || !to.width || (from.x === to.x && from.y === to.y)) continue;
      const shift = [`${from.x - to.x}px`, `${from.y - to.y}px`];
      if (isStill) {
        // Jumps a frame later: what was asked for is no layout shift.
        block.style.translate = shift.join(' ');
        requestAnimationFrame(() => requestAnimationFrame(() => { block.style.translate = ''; }));
      } else {
        block.animate([{ transform: `translate(${shift})` }, { transform: 'none' }], { duration: 250, easing: 'ease-out' });
      }
    }
  }

  #listen(signal, root) {
    const { client } = this;
    for (const type of ['click', 'change', 'submit']) {
      this.addEventListener(type, (event) => {
        const id = event.composedPath().find((e) => e.parentNode === this.#grid && e.dataset?.block)?.dataset.block;
        if (this.#isPlaced(id) && !event.target.closest('.al-menu,.al-panel')) client.track('use', id);
      }, { capture: true, signal });
    }
    const since = new Map(); // ms; NaN while the page is hidden
    const dwell = new Map(); // ms, not yet sent
    const leave = (id) => {
      dwell.set(id, (dwell.get(id) ?? 0) + (performance.now() - since.get(id) || 0));
    };
    const rest = () => {
      for (const id of since.keys()) {
        leave(id);
        since.set(id, NaN);
      }
      for (const [id, ms] of dwell) if (ms >= 1000 && this.#isPlaced(id)) client.track('dwell', id, { ms: Math.round(ms) });
      dwell.clear();
      client.flush();
    };
    this.#watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting, intersectionRatio, intersectionRect, rootBounds } of entries) {
        const { block: id, suggested } = target.dataset;
        if (suggested && isIntersecting) client.see(suggested, 'suggested');
        if (suggested) continue;
        const inView = isIntersecting
          && (intersectionRatio >= 0.5 || intersectionRect.height >= rootBounds?.height / 2);
        if (inView && !since.has(id)) {
          since.set(id, performance.now());
          client.see(id);
        } else if (!inView && since.has(id)) {
          leave(id);
          since.delete(id);
        }
      }
    }, { threshold: [0, ...Array.from({ length: 13 }, (_, n) => 2 ** -n)] }); // for blocks of any height
    this.#equipped = null;
    this.#equip();
    this.#showState();
    const children = new MutationObserver(() => this.#equip());
    children.observe(this.#grid, { childList: true });
    document.addEventListener('visibilitychange', () => {
      if (isHidden()) return rest();
      for (const id of since.keys()) since.set(id, performance.now());
    }, { signal });
    client.addEventListener('layout', () => {
      this.#close();
      this.#showMoving();
      this.#showState();
      this.#tell();
    }, { signal });
    signal.addEventListener('abort', () => {
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheets[0]);
      client.views -= 1;
      rest();
      this.#watcher.disconnect();
      children.disconnect();
    });
  }

  #equip() {
    const fresh = this.#blocks.filter((block) => !this.#equipped?.has(block));
    if (this.#equipped && fresh.length && !this.#renderer) this.#show();
    this.#equipped = new Set(this.#blocks);
    for (const block of fresh) {
      const id = block.dataset.block;
      if (this.payload.elements[id]) this.#watcher.observe(block);
      if (!this.#live) continue;
      const ariaLabel = fill(this.#strings.options, { title: this.#title(id) });
      const button = make('button', { type: 'button', className: 'al-menu', textContent: '⋯', ariaLabel, ariaExpanded: false });
      button.addEventListener('click', () => (this.#open === block ? this.#close() : this.why(id)));
      block.querySelector(':scope>.al-menu')?.remove();
      block.append(button);
    }
  }

  #addControls(signal) {
    this.#live = make('p', { className: 'al-live', role: 'status', slot: 'al' });
    this.prepend(this.#live);
    const bar = this.querySelector(':scope>.al-bar') ?? make('div', { className: 'al-bar' });
    if (!bar.isConnected) this.prepend(bar);
    bar.slot = 'al';
    bar.role = 'toolbar';
    bar.ariaLabel = this.#strings.layout;
    bar.replaceChildren(
      this.#button('undo', () => this.undo()),
      this.#button('freeze', () => this.freeze()),
      this.#button('reset', () => this.#ask('reset', {}, 'restored')),
    );
    this.querySelector(':scope>.al-tray')?.remove();
    this.append(this.#tray = make('div', { className: 'al-tray', slot: 'al-end', role: 'group', ariaLabel: this.#strings.tray }));
    this.addEventListener('keydown', (event) => event.key === 'Escape' && this.#close(), { signal });
    this.ownerDocument.addEventListener('click', (event) => (
      event.composedPath().includes(this.#open) || this.#close(false)), { signal });
  }

  #showState() {
    const set = (name, state, on) => this.querySelector(`.al-bar [name=${name}]`)?.setAttribute(state, on);
    set('freeze', 'aria-pressed', this.payload.status === 'frozen');
    set('undo', 'aria-disabled', this.payload.undo === 'nothing');
    for (const block of this.#blocks) block.toggleAttribute('data-pinned', this.payload.pins.includes(block.dataset.block));
    this.#showTray();
  }

  #showTray() {
    if (!this.#live) return;
    const { tray = [], suggestion } = this.payload;
    this.#tray.replaceChildren(...tray.map((id) => this.#wish('bring_back', id)));
    if (!suggestion) return;
    const { block, says } = suggestion;
    const p = make('p', {}, says, this.#wish('put_away', block), this.#wish('decline', block));
    p.dataset.suggested = block;
    this.#tray.append(p);
    this.#watcher.observe(p);
  }

  #wish(name, block, action = name) {
    const button = this.#button(name, async () => {
      await this.#ask(action, { block }, `said_${action}`);
      (this.#tray.querySelector(`[value="${block}"]`) ?? this.#block(block).querySelector('.al-menu')).focus();
    });
    const textContent = fill(button.textContent, { title: this.#title(block) });
    return Object.assign(button, { value: block, textContent });
  }

  #button(name, act) {
    const button = make('button', { type: 'button', name, textContent: this.#strings[name] });
    button.addEventListener('click', act);
    return button;
  }

  // Passes over what the team holds in place.
  #mover(name, id, step) {
    const { order, elements } = this.payload;
    let rank = order.indexOf(id) + step;
    while (elements[order[rank]]?.pinned) rank += step;
    const button = this.#button(name, () => this.move(id, rank));
    button.disabled = !order[rank];
    return button;
  }

  #sizer(name, id, step) {
    const { breakpoint, item } = this.#at(id);
    const w = Math.max(item.minW, Math.min(item.w + step, item.maxW ?? this.payload.cols[breakpoint]));
    const h = Math.max(item.minH, Math.min(item.h + step, item.maxH ?? Infinity));
    const button = this.#button(name, () => this.resize(id, w, h));
    button.disabled = w === item.w && h === item.h;
    return button;
  }

  why(id) {
    this.#close();
    const block = this.#open = this.#block(id);
    const pinned = this.payload.pins.includes(id);
    const panel = make('div', { className: 'al-panel', role: 'group', ariaLabel: this.#strings.why },
      make('p', {}, make('strong', { textContent: this.#strings.why })),
      make('p', { textContent: this.payload.why[id] ?? this.#strings.plain }));
    if (!this.payload.elements[id]?.pinned) {
      panel.append(
        this.#button(pinned ? 'unpin' : 'pin', () => this.pin(id, !pinned)),
        this.#mover('earlier', id, -1), this.#mover('later', id, 1),
      );
      if (this.payload.sizes) panel.append(this.#sizer('larger', id, 1), this.#sizer('smaller', id, -1));
      if (this.payload.put_away && !this.payload.elements[id].required) {
        panel.append(
          block.dataset.folded ? this.#wish('unfold', id, 'bring_back') : this.#wish('fold', id),
          this.#wish('put_away', id),
        );
      }
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

  #at(id) {
    const { breakpoints, layouts } = this.payload;
    const [breakpoint] = Object.entries(breakpoints).filter(([, min]) => min <= this.clientWidth)
      .sort((a, b) => b[1] - a[1])[0];
    return { breakpoint, item: layouts[breakpoint].find((item) => item.id === id) };
  }

  #place(id) {
    const { breakpoint, item: { x, y } } = this.#at(id);
    return { rank: this.payload.order.indexOf(id), breakpoint, x, y };
  }

  resize(id, w, h) {
    return this.#ask('resize', { block: id, breakpoint: this.#at(id).breakpoint, w, h }, 'resized');
  }

  move(id, rank) {
    return this.#ask('move', { block: id, rank }, 'placed');
  }

  async undo() {
    const shown = this.payload;
    await this.client.refresh();
    if (this.payload !== shown) return this.#say('changed');
    const { undo } = shown;
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
      const id = fields.block;
      this.#say(said, { title: this.#title(id), rank: payload.order.indexOf(id) + 1, count: payload.order.length });
    } catch (problem) {
      this.#say('failed', { problem: problem.message });
    }
  }

  #say(name, values) {
    // Later, as a live region speaks of changes only.
    if (this.#live) setTimeout(() => { this.#live.textContent = fill(this.#strings[name], values); }, 50);
  }
}

if (!customElements.get('adaptive-layout')) customElements.define('adaptive-layout', AdaptiveLayout);
