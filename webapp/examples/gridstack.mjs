// A payload in gridstack: a breakpoint's array goes into `grid.load`, with limits that are always
// written, as gridstack keeps those of the load before.

import { createRequire } from 'node:module';
import { Window } from 'happy-dom';

// gridstack is written for a page: it looks these up when it is loaded and when it runs.
const window = new Window();
const names = [
  'document', 'navigator', 'HTMLElement', 'Element', 'Node', 'Event', 'CustomEvent', 'MouseEvent',
  'ResizeObserver', 'getComputedStyle',
];
const page = Object.fromEntries(names.map((name) => [name, window[name]]));
for (const [name, value] of Object.entries({ ...page, window, self: window })) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
/** Handles for dragging are most of a load's cost and decide no place. */
const QUIET = { animate: false, disableDrag: true, disableResize: true };
const GridStack = createRequire(import.meta.url)('gridstack/dist/gridstack-all.js');

/** The blocks of an empty grid after `grid.load`, gravity on. */
export function freshLayout(payload, name) {
  return laidOut([[payload, name]]);
}

/** The same on a grid that shows the payload before, as on a live page; null where there is none. */
export function relaidLayout(payload, name, before) {
  if (!before?.layouts[name]) return null;
  return laidOut([[before, name], [payload, name]]);
}

/** The same on a grid that goes from every other breakpoint to this one, as where a window changes
 * its width: the first layout that differs from those before it, if any. */
export function widenedLayout(payload, name) {
  const others = Object.keys(payload.layouts).filter((other) => other !== name);
  if (!others.length) return null;
  const shown = allLaidOut(others.flatMap((other) => [[payload, other], [payload, name]]));
  const there = shown.filter((_, load) => load % 2);
  const wanted = JSON.stringify(places(payload.layouts[name]));
  return there.find((one) => JSON.stringify(one) !== wanted) ?? there[0];
}

function laidOut(loads) {
  return allLaidOut(loads).at(-1);
}

/** What a grid shows after each of the loads. */
function allLaidOut(loads) {
  const element = window.document.createElement('div');
  window.document.body.appendChild(element);
  const [[{ cols }, first]] = loads;
  const grid = GridStack.init({ column: cols[first], float: false, ...QUIET }, element);
  const shown = loads.map(([payload, name]) => {
    grid.column(payload.cols[name], 'none');
    // gridstack writes into the objects that it is given.
    grid.load(payload.layouts[name].map((item) => ({ maxW: 0, maxH: 0, ...item })));
    return GridStack.Utils.sort(places(grid.engine.nodes));
  });
  grid.destroy();
  return shown;
}

/** What decides where a block stands. */
function places(items) {
  return items.map(({ id, x, y, w, h }) => ({ id, x, y, w, h }));
}
