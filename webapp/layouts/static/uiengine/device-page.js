// On pages of {% adaptive_layout "home" mode="device" %}: keeps on the device what a person uses, and
// chooses there what their next visit shows. Nothing is sent, unless the site turned counts without
// identity on.
import { Device, choose, fold, show } from './adaptive-device.js';

const VISIT = 1_800_000; // ms
const DAY = 86_400_000; // ms

let store = {}; // where storage is blocked, nothing outlives the page
try {
  localStorage.getItem('');
  store = localStorage;
} catch {
  const kept = new Map();
  store = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, `${value}`),
    removeItem: (key) => kept.delete(key),
  };
}

const read = (key) => JSON.parse(store.getItem(key)); // null: nothing is kept

function isReadable(keys) {
  try {
    const [profile] = keys.map(read);
    return !profile || (profile.visits >= 0 && [profile.order, profile.blocks].every(Array.isArray));
  } catch {
    return false;
  }
}

class DevicePage {
  #public; // the book's JSON
  #isErased = false;

  constructor(element) {
    const { book, strings, api, counts } = JSON.parse(element.querySelector(':scope>script[type="application/json"]').text);
    const slug = element.getAttribute('surface');
    Object.assign(this, { element, book, strings, device: new Device(slug, store) });
    this.keys = [this.device.key, `al-device-${slug}`, `al-${slug}`];
    if (!isReadable(this.keys)) this.#forget(); // it would end this script on every page
    this.counts = counts && `${api}counts`;
    this.address = book.hash && `${api}book/${slug}/${book.hash}`;
  }

  get #order() {
    return [...this.element.querySelectorAll(':scope>[data-grid]>[data-block]')].map((block) => block.dataset.block);
  }

  // Begins a visit with what stands on the page, unless one is open, or that tells what was erased.
  begin(now = Date.now()) {
    if (this.#isErased) return;
    const profile = this.device.profile;
    if (profile.open && now - profile.open.at < VISIT) return;
    if (profile.open) {
      this.#count(profile.open.used);
      fold(profile, profile.open.day, profile.open.used);
    }
    show(profile, this.#order);
    profile.open = { at: now, day: Math.floor(now / DAY), used: [] };
    store.setItem(this.device.key, JSON.stringify(profile));
  }

  // Which blocks a visit used, and nothing else. Only where the site has turned it on.
  #count(blocks) {
    if (!this.counts || !blocks.length) return;
    const body = JSON.stringify({ surface: this.element.getAttribute('surface'), blocks });
    const headers = { 'Content-Type': 'application/json' };
    fetch(this.counts, { method: 'POST', body, headers, credentials: 'omit', referrerPolicy: 'no-referrer' }).catch(() => {});
  }

  async used(id) {
    this.begin();
    this.device.use(id);
    await this.ahead();
  }

  // Chooses as if the visit ended now, for the page to place before its first paint.
  async ahead(now = Date.now()) {
    if (!this.address) return;
    this.#public ??= await (await fetch(this.address, { credentials: 'omit' })).json();
    const profile = this.device.profile;
    if (!profile.open) return; // erased meanwhile
    const until = profile.open.at + VISIT;
    fold(profile, profile.open.day, profile.open.used);
    const { byte } = choose(this.#public, profile, Math.floor((now + VISIT) / DAY));
    this.#keep(byte, until);
  }

  #keep(byte, until) {
    const { key, found } = this.element.placed ?? {};
    const { hash, ids, lists } = this.book;
    const now = found ? `${key[0]}.${key[1]}` : '-'; // the default order
    const next = byte === null ? now : `${byte}.${hash}`;
    const cells = found ? { [key]: found } : {};
    const count = ids.length;
    if (byte !== null) cells[[byte, hash, ids]] = lists.map((list) => list.substr(byte * count, count));
    store.setItem(this.keys[1], JSON.stringify({ now, next, until }));
    store.setItem(this.keys[2], JSON.stringify(cells));
  }

  export() {
    return JSON.stringify(Object.fromEntries(this.keys.map((key) => [key, read(key)])), null, 2);
  }

  erase() {
    this.#isErased = true;
    this.#forget();
  }

  #forget() {
    for (const key of this.keys) store.removeItem(key);
  }

  // The page's menu; the person's own copy never passes a server.
  addControls() {
    const bar = this.element.querySelector(':scope>.al-bar');
    const said = Object.assign(document.createElement('span'), { role: 'status' });
    const button = (name, act) => {
      const made = Object.assign(document.createElement('button'), { type: 'button', name, textContent: this.strings[name] });
      made.addEventListener('click', act);
      return made;
    };
    bar.role = 'toolbar';
    bar.ariaLabel = this.strings.layout;
    bar.replaceChildren(
      button('export', () => {
        const href = URL.createObjectURL(new Blob([this.export()], { type: 'application/json' }));
        const link = Object.assign(document.createElement('a'), { href, download: `${this.keys[1]}.json` });
        link.click();
        setTimeout(() => URL.revokeObjectURL(href));
      }),
      button('erase', () => {
        this.erase();
        said.textContent = this.strings.erased;
      }),
      said,
    );
  }
}

for (const element of document.querySelectorAll('adaptive-device')) {
  const page = element.page = new DevicePage(element);
  page.begin();
  for (const type of ['click', 'change', 'submit']) {
    element.addEventListener(type, ({ target }) => {
      const id = target.closest('[data-grid]>[data-block]')?.dataset.block;
      if (id) page.used(id).catch(() => {});
    }, { capture: true });
  }
  addEventListener('pageshow', ({ persisted }) => persisted && page.begin());
  if (element.hasAttribute('controls')) page.addControls();
  page.ahead().catch(() => {}); // without a network the last choice holds
}
