// Reads {books, people, outlooks} from the file named, answers what the browser's module finds.
import { readFileSync } from 'node:fs';
import { choose, energies, fold, show } from '../../../webapp/layouts/static/uiengine/adaptive-device.js';

const { books, people, outlooks } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const past = ({ visits }) => {
  const profile = { visits: 0, order: [], blocks: [], open: null };
  for (const [day, used, order] of visits) {
    show(profile, order);
    fold(profile, day, used);
  }
  return profile;
};
const profiles = people.map(past);
const chosen = people.map(({ book, day }, i) => choose(books[book], profiles[i], day));
const milliseconds = [];
for (let round = 0; round < 5; round++) {
  people.forEach(({ book, day }, i) => {
    const begin = performance.now();
    choose(books[book], profiles[i], day);
    if (round) milliseconds.push(performance.now() - begin);
  });
}
const seconds = outlooks.map(({ book, outlook, last, orders }) => energies(books[book], outlook, last, orders));
process.stdout.write(JSON.stringify({ profiles, chosen, seconds, milliseconds }));
