// A payload in react-grid-layout: `layouts`, `breakpoints` and `cols` go in as they are.

import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { ResponsiveGridLayout, verticalCompactor } from 'react-grid-layout';
import {
  cloneLayout, correctBounds, getBreakpointFromWidth, validateLayout,
} from 'react-grid-layout/core';

const CELL = 10; // px of a row and of a column, without margins, so that pixels tell cells

/** The library's own steps on a layout: validate, correct bounds, compact. */
export function compactorLayout(payload, name) {
  const cols = payload.cols[name];
  validateLayout(payload.layouts[name]);
  const compacted = verticalCompactor.compact(
    correctBounds(cloneLayout(payload.layouts[name]), { cols }), cols,
  );
  return compacted.map((item) => ({ ...item, id: item.i }));
}

/** Where the React component puts the blocks, read back from its HTML. */
export function renderedLayout(payload, name) {
  const { layouts, breakpoints, cols } = payload;
  const blocks = layouts[name].map(({ i }) => createElement('div', { key: i, 'data-id': i }));
  const html = renderToStaticMarkup(createElement(ResponsiveGridLayout, {
    layouts, breakpoints, cols, breakpoint: name, width: cols[name] * CELL, rowHeight: CELL,
    margin: [0, 0], containerPadding: [0, 0],
  }, blocks));
  return [...html.matchAll(/<div[^>]*data-id="([^"]*)"[^>]*style="([^"]*)"/g)].map(boxOf);
}

function boxOf([, id, style]) {
  const px = (pattern) => {
    const found = style.match(pattern);
    if (!found) throw new Error(`No ${pattern} in the style of ${id}: ${style}`);
    return Number(found[1]) / CELL;
  };
  return {
    id,
    x: px(/translate\((-?[\d.]+)px/), y: px(/translate\([^,]*,\s*(-?[\d.]+)px/),
    w: px(/(?:^|;)width:([\d.]+)px/), h: px(/(?:^|;)height:([\d.]+)px/),
  };
}

/** The layout that the library takes at the first pixel within the breakpoint. */
export function servedBreakpoint(payload, name) {
  const width = payload.breakpoints[name] + 1; // it compares with >, the payload means ≥
  return payload.layouts[getBreakpointFromWidth(payload.breakpoints, width)];
}
