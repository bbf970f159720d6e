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

/** The same on a grid that showed every other breakpoint, as where a window is made wider. */
export function widenedLayout(payload, name) {
  const others = Object.keys(payload.layouts).filter((other) => other !== name);
  if (!others.length) return null;
  return laidOut([...others, name].map((one) => [payload, one]));
}

function laidOut(loads) {
  const element = window.document.createElement('div');
  window.document.body.appendChild(element);
  const [[{ cols }, first]] = loads;
  const grid = GridStack.init({ column: cols[first], float: false, ...QUIET }, element);
  for (const [payload, name] of loads) {
    grid.column(payload.cols[name], 'none');
    // gridstack writes into the objects that it is given.
    grid.load(payload.layouts[name].map((item) => ({ maxW: 0, maxH: 0, ...item })));
  }
  const shown = GridStack.Utils.sort(grid.engine.nodes.map(({ id, x, y, w, h }) => ({ id, x, y, w, h })));
  grid.destroy();
  return shown;
}
