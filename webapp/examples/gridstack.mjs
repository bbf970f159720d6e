// A payload in gridstack: a breakpoint's array goes into `grid.load` as it is.

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
  return laidOut(payload.cols[name], [payload.layouts[name]]);
}

/** The same on a grid that shows the payload before, as on a live page; null where there is none. */
export function relaidLayout(payload, name, before) {
  if (!before?.layouts[name]) return null;
  return laidOut(payload.cols[name], [before.layouts[name], payload.layouts[name]]);
}

function laidOut(column, layouts) {
  const element = window.document.createElement('div');
  window.document.body.appendChild(element);
  const grid = GridStack.init({ column, float: false, ...QUIET }, element);
  // gridstack writes into the objects that it is given.
  for (const layout of layouts) grid.load(layout.map((item) => ({ ...item })));
  const shown = GridStack.Utils.sort(grid.engine.nodes.map(({ id, x, y, w, h }) => ({ id, x, y, w, h })));
  grid.destroy();
  return shown;
}
