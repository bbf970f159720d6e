// Types: adaptive-device.d.ts; Python: uiengine/book/device.py.

const KEY = 'adaptive-device:';
const VISIT = 1_800_000; // ms
const DAY = 86_400_000; // ms
const DAYS = [2, 28];
const VISITS = [4, 20]; // half-lives
const CHARGE = 1000; // s

const half = (elapsed, life) => 2 ** (-Math.max(elapsed, 0) / life);
const kept = (shift) => [1, 0.5][Math.abs(shift)] ?? 0;
const sum = (values) => values.reduce((a, b) => a + b, 0);
const dot = (a, b) => sum(a.map((value, i) => value * b[i]));

const NOBODY = { visits: 0, order: [], blocks: [], open: null };
// A block: uses since it moved; shares of visits and the visit; uses of days and the day.
const NEVER = [0, 0, 0, 0, 0, 0, 0];
const aged = ([, short, long, visit, days, month, last], visits, day) => [
  short * half(visits - visit, VISITS[0]), long * half(visits - visit, VISITS[1]),
  days * half(day - last, DAYS[0]), month * half(day - last, DAYS[1])];

export function show(profile, order) {
  const now = new Map(order.map((id, rank) => [id, rank]));
  profile.order.forEach((id, rank) => {
    const block = profile.blocks.find(([name]) => name === id);
    if (block && now.has(id)) block[1][0] *= kept(now.get(id) - rank);
  });
  profile.order = [...order];
}

export function fold(profile, day, used) {
  const ids = new Set(used);
  profile.visits += ids.size > 0;
  for (const id of ids) {
    let block = profile.blocks.find(([name]) => name === id);
    if (!block) profile.blocks.push(block = [id, [...NEVER]]);
    const [now, share] = [Math.max(block[1][6], day), 1 / ids.size];
    const [short, long, days, month] = aged(block[1], profile.visits, now);
    block[1] = [block[1][0] + 1, short + share, long + share, profile.visits,
      days + half(now - day, DAYS[0]), month + half(now - day, DAYS[1]), now];
  }
}

const softmax = (values) => {
  const powers = values.map((value) => Math.exp(value - Math.max(...values)));
  return powers.map((value) => value / sum(powers));
};

function expected({ layers, blocks, least_uses }, own, day, visits) {
  const since = day - (Math.max(...own.map((block) => block[6])) || day);
  const logits = own.map((block, i) => layers.reduce((values, rows, k) => rows.map((row, j) =>
    Math.max(dot(row, values) + blocks[i][k][j], k < 2 ? 0 : -Infinity)),
  [...aged(block, visits, day).map((uses) => Math.log(uses + least_uses)),
    block[7], block[7] * (visits === block[3]), Math.log1p(visits), Math.log1p(Math.max(since, 0))]));
  return [0, 1].map((k) => softmax(logits.map((row) => row[k])));
}

function steps({ demand, base }, c) {
  const gained = base.map(() => 0);
  const total = base.map(() => 0);
  const rows = [];
  for (let h = 0; h < c.horizon; h++) {
    const [rho, fades] = [c.discount ** h, c.persistence ** h];
    const p = base.map((b, i) => b + (demand[i] - b) * fades);
    const all = Math.max(sum(p), 1e-12);
    rows.push(p.map((value, i) => {
      const choice = Math.max(value / all, c.least_choice);
      const row = [rho * value, c.decide_base - c.decide_per_bit * Math.log2(choice), gained[i]];
      total[i] += row[0];
      gained[i] += value;
      return row;
    }));
  }
  return { rows, total };
}

function pointing({ page, at }, order) {
  const c = page.seconds;
  const { columns, sizes } = at[page.widest];
  const passed = {};
  let top = 0;
  return order.map((i) => {
    const [width, height] = [(sizes[i][0] * page.width) / columns, sizes[i][1] * page.row];
    const side = Math.min(width, height);
    const away = Math.min(Math.hypot(side / 2, top + side / 2), page.viewport);
    const below = top + height - page.viewport;
    const before = passed[page.groups[i]] ?? 0;
    passed[page.groups[i]] = before + 1;
    top += (height * sizes[i][0]) / columns;
    return c.point_base + c.point_per_bit * Math.log2(away / side + 1)
      + (below > 0 ? c.scroll_base + c.scroll_per_px * below : 0)
      + (page.grouped ? c.group_per_rank * before : 0);
  });
}

export function energies(book, outlook, last, orders) {
  const c = book.page.seconds;
  const { rows, total } = steps(outlook, c);
  const place = [];
  last.forEach((i, rank) => { place[i] = rank; });
  const known = new Map();
  const cost = (i, rank) => {
    const key = i * last.length + rank;
    if (!known.has(key)) {
      const search = c.search_base + c.search_per_rank * (rank + 1);
      const uses = outlook.familiarity[i] * kept(rank - place[i]);
      let seconds = rank === place[i] ? 0 : c.surprise * outlook.demand[i] + c.least_gain;
      for (const row of rows) {
        const [weight, decide, gained] = row[i];
        const expert = (uses + gained) / (uses + gained + 1);
        seconds += weight * (search + expert * Math.min(decide - search, 0));
      }
      known.set(key, seconds);
    }
    return known.get(key);
  };
  return orders.map((order) => {
    const seconds = pointing(book, order);
    return sum(order.map((i, rank) => cost(i, rank) + total[i] * seconds[rank]));
  });
}

function late({ page }, is, order) {
  const free = order.filter((i) => page.grouped && !page.pinned.includes(i));
  const left = {};
  for (const i of free) left[page.groups[i]] = (left[page.groups[i]] ?? 0) + is[i];
  return sum(free.map((i) => +(left[page.groups[i]]-- <= 0 && is[i])));
}

function completed({ blocks, page }, order) {
  const found = order.map((id) => blocks.indexOf(id)).filter((i) => i >= 0);
  blocks.forEach((_, i) => {
    if (!found.includes(i)) found.splice(i ? found.indexOf(i - 1) + 1 : 0, 0, i);
  });
  for (const kept of page.kept ?? []) {
    found.filter((i) => kept.includes(i)).map((i) => found.indexOf(i))
      .forEach((rank, i) => { found[rank] = kept[i]; });
  }
  return found;
}

function entry({ blocks, orders }, order, energy = 0, saves = 0) {
  const byte = orders.findIndex((other) => other.every((i, rank) => i === order[rank]));
  return { byte: byte < 0 ? null : byte, order: order.map((i) => blocks[i]), energy, saves };
}

export function choose(book, profile, day) {
  const { page, orders } = book;
  if (!profile.order.length) return entry(book, orders[0]);
  const last = completed(book, profile.order);
  if (!book.device.layers) return entry(book, last); // a book of before
  const past = new Map(profile.blocks);
  const own = book.blocks.map((id) => [...(past.get(id) ?? NEVER), +past.has(id)]);
  const [demand, later] = expected(book.device, own, day, profile.visits);
  const habit = own.map((block) => aged(block, profile.visits, day)[1]);
  const prior = page.seconds.habit_visits;
  const base = habit.map((h, i) => (h + prior * later[i]) / (sum(habit) + prior));
  const asked = [last, ...orders.filter((order) =>
    order.filter((i, rank) => i !== last[rank]).length <= page.budget)];
  const outlook = { demand, base, familiarity: own.map((block) => block[0]) };
  const seconds = energies(book, outlook, last, asked);
  const is = own.map((block) => block[7]);
  const charged = seconds.map((value, i) => value + CHARGE * late(book, is, asked[i]));
  const best = charged.indexOf(Math.min(...charged.slice(1)), 1);
  if (best < 1 || charged[best] >= charged[0] - page.least_saving) {
    return entry(book, last, charged[0]);
  }
  return entry(book, asked[best], charged[best], charged[0] - charged[best]);
}

export class Device {
  constructor(surface, store = localStorage) {
    Object.assign(this, { key: KEY + surface, store });
  }

  get profile() {
    return JSON.parse(this.store.getItem(this.key)) ?? structuredClone(NOBODY);
  }

  #keep(profile) {
    this.store.setItem(this.key, JSON.stringify(profile));
  }

  arrange(book, now = Date.now()) {
    const profile = this.profile;
    if (profile.open && now - profile.open.at < VISIT) {
      return entry(book, completed(book, profile.order));
    }
    this.#close(profile);
    const day = Math.floor(now / DAY);
    const chosen = choose(book, profile, day);
    show(profile, chosen.order);
    profile.open = { at: now, day, used: [] };
    this.#keep(profile);
    return chosen;
  }

  use(block, now = Date.now()) {
    const profile = this.profile;
    if (!profile.open) return;
    profile.open.at = now;
    if (!profile.open.used.includes(block)) profile.open.used.push(block);
    this.#keep(profile);
  }

  #close(profile) {
    if (profile.open) fold(profile, profile.open.day, profile.open.used);
    profile.open = null;
  }

  export() {
    return JSON.stringify(this.profile, null, 2);
  }

  erase() {
    this.store.removeItem(this.key);
  }
}
