// A person's six visits on a device: what is shown, kept, exported, and left after erasing.
import { readFileSync } from 'node:fs';
import { Device } from '../../../webapp/layouts/static/uiengine/adaptive-device.js';

const { book, used } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const kept = new Map();
const store = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
  removeItem: (key) => kept.delete(key),
};
const sent = [];
globalThis.fetch = (...all) => sent.push(all);
const device = new Device('bank', store);
const [minute, day] = [60_000, 86_400_000];
const shown = [];
for (let visit = 0; visit < 6; visit++) {
  const begin = (book.day + visit) * day;
  const views = [device.arrange(book, begin).byte];
  device.use(used, begin + minute);
  device.use(used, begin + 2 * minute);
  views.push(device.arrange(book, begin + 20 * minute).byte);
  shown.push(views);
}
const exported = JSON.parse(device.export());
const keys = [...kept.keys()];
device.erase();
const left = [...kept.keys()];
const fresh = device.arrange(book, (book.day + 9) * day).byte;
process.stdout.write(JSON.stringify({ shown, exported, keys, left, fresh, sent }));
