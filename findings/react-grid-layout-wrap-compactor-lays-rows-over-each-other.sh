#!/usr/bin/env bash
# Guess: wrapCompactor, whose allowOverlap is false, sets blocks in rows as words in a paragraph: the next
#   row begins below the one before, as by the other compactors no two blocks overlap.
# Really: it counts cells by width alone and steps one row down, however tall the blocks of the row are.
#   Four blocks of two by two on four columns, which lie side by side and free of overlaps, come back with
#   the second row at y=1: half of each block lies under another one, and the component draws them so.
# Versions: react-grid-layout 2.3.0, react and react-dom 19.3.1, Node 20.
# Source: react-grid-layout/dist/extras.mjs (compactWrap), its type comment ("handles larger items by
#   ensuring they fit within row bounds"), https://github.com/react-grid-layout/react-grid-layout/pull/2186
# Seen: overlapping pairs: vertical 0, vertical (fast) 0, wrap 2; drawn tops of c and d 200px, by wrap
#   100px, of blocks 200px tall.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund \
  react-grid-layout@2.3.0 react@19.3.1 react-dom@19.3.1
cat >try.mjs <<'JS'
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { ReactGridLayout } from "react-grid-layout";
import { verticalCompactor } from "react-grid-layout/core";
import { fastVerticalCompactor, wrapCompactor } from "react-grid-layout/extras";

const places = { a: [0, 0], b: [2, 0], c: [0, 2], d: [2, 2] };
const layout = Object.entries(places).map(([i, [x, y]]) => ({ i, x, y, w: 2, h: 2 }));
const apart = (one, two) =>
  one.x + one.w <= two.x || two.x + two.w <= one.x || one.y + one.h <= two.y || two.y + two.h <= one.y;
const overlaps = (blocks) =>
  blocks.flatMap((one, at) => blocks.slice(at + 1).filter((two) => !apart(one, two))).length;

function tops(compactor) {
  const gridConfig = { cols: 4, rowHeight: 100, margin: [0, 0], containerPadding: [0, 0] };
  const blocks = layout.map(({ i }) => createElement("div", { key: i }, i));
  const grid = createElement(ReactGridLayout, { width: 400, layout, compactor, gridConfig }, blocks);
  const drawn = renderToStaticMarkup(grid).matchAll(/style="transform:translate\(\d+px,(\d+)px\)/g);
  return [...drawn].map((found) => found[1]).join(" ");
}

const compactors = { vertical: verticalCompactor, "vertical, fast": fastVerticalCompactor, wrap: wrapCompactor };
for (const [name, compactor] of Object.entries(compactors)) {
  const found = overlaps(compactor.compact(layout, 4));
  console.log(`${name}: allowOverlap ${compactor.allowOverlap}, ${found} overlaps, tops ${tops(compactor)}`);
}
JS
node try.mjs | tee seen
diff seen - <<'SEEN'
vertical: allowOverlap false, 0 overlaps, tops 0 0 200 200
vertical, fast: allowOverlap false, 0 overlaps, tops 0 0 200 200
wrap: allowOverlap false, 2 overlaps, tops 0 0 100 100
SEEN
