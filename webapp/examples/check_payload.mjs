// Loads layout payloads (JSON lines on stdin) into react-grid-layout and gridstack, the real packages
// as pinned in package.json, and tells whether every block stays where the payload put it.
//
//   node check_payload.mjs < payloads.jsonl
//
// The last line printed is one JSON object of counts; the exit status is 1 if anything moved.
// Consecutive payloads of the same surface are also loaded one over the other, as a live page does,
// and each breakpoint over the others, as where a window changes its width.

import { createInterface } from 'node:readline';
import { compactorLayout, renderedLayout, servedBreakpoint } from './react_grid_layout.mjs';
import { freshLayout, relaidLayout, widenedLayout } from './gridstack.mjs';
import { version } from './versions.mjs';

const CHECKS = {
  'react-grid-layout: compaction': compactorLayout,
  'react-grid-layout: rendered': renderedLayout,
  'react-grid-layout: breakpoint': servedBreakpoint,
  'gridstack: load': freshLayout,
  'gridstack: load over the last': relaidLayout,
  'gridstack: load over other breakpoints': widenedLayout,
};
const SHOWN = 5;

/** What decides where a block stands, in the order of the array. */
const places = (items) => items.map(({ id, x, y, w, h }) => [id, x, y, w, h]);

const counts = { payloads: 0, layouts: 0, items: 0, checks: 0, moved: 0 };
const moved = Object.fromEntries(Object.keys(CHECKS).map((name) => [name, 0]));
const examples = [];

function check(payload, name, before) {
  const wanted = JSON.stringify(places(payload.layouts[name]));
  for (const [check, load] of Object.entries(CHECKS)) {
    const items = load(payload, name, before);
    if (items === null) continue;
    counts.checks += 1;
    const found = JSON.stringify(places(items));
    if (found === wanted) continue;
    counts.moved += 1;
    moved[check] += 1;
    if (examples.length < SHOWN) {
      const { layouts, cols } = payload;
      const last = before?.layouts[name];
      examples.push({ check, breakpoint: name, cols: cols[name], payload: layouts[name], last, found });
    }
  }
}

let before = null;
for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const payload = JSON.parse(line);
  const last = before?.surface === payload.surface ? before : null;
  for (const name of Object.keys(payload.layouts)) {
    check(payload, name, last);
    counts.layouts += 1;
    counts.items += payload.layouts[name].length;
  }
  counts.payloads += 1;
  before = payload;
}

const versions = { 'react-grid-layout': version('react-grid-layout'), gridstack: version('gridstack') };
console.log(JSON.stringify({ ...counts, moved_by: moved, versions, examples }));
process.exitCode = counts.moved ? 1 : 0;
