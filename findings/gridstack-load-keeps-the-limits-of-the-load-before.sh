#!/usr/bin/env bash
# Guess: grid.load(layout) makes the grid what the layout says; a widget whose entry has no minW has
#   no least width.
# Really: for a widget that is there already, load() updates what the entry names and keeps the rest:
#   limits of the load before stay, and a narrower width that the new entry asks for is widened to
#   them, which pushes others. To clear a limit one has to write it out.
# Versions: gridstack 14.1.0, happy-dom 21.0.4, Node.js 20.
# Source: gridstack's src/gridstack.ts, load() and update(); its README on load() says that existing
#   widgets are updated.
# Seen: 'a' asked for w=2 and stands with w=4, and 'b' is pushed into the second row.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund gridstack@14.1.0 happy-dom@21.0.4
cat >try.mjs <<'JS'
import { createRequire } from "node:module";
import { Window } from "happy-dom";
const window = new Window();
const names = ["document", "navigator", "HTMLElement", "Element", "Node", "Event", "CustomEvent",
  "MouseEvent", "ResizeObserver", "getComputedStyle"];
for (const [name, value] of Object.entries({ ...Object.fromEntries(names.map((n) => [n, window[n]])), window, self: window }))
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
const GridStack = createRequire(import.meta.url)("gridstack/dist/gridstack-all.js");
const element = window.document.createElement("div");
window.document.body.appendChild(element);
const grid = GridStack.init({ column: 12, float: false, animate: false, disableDrag: true, disableResize: true }, element);
const shown = () =>
  grid.engine.nodes.map((n) => `${n.id} x=${n.x} y=${n.y} w=${n.w} minW=${n.minW ?? "-"}`).sort().join(", ");
const narrow = [
  { id: "a", x: 0, y: 0, w: 2, h: 1 },
  { id: "b", x: 2, y: 0, w: 10, h: 1 },
];
grid.load(structuredClone(narrow));
console.log("narrow, loaded first:        ", shown());
grid.load([
  { id: "a", x: 0, y: 0, w: 6, h: 1, minW: 4 },
  { id: "b", x: 6, y: 0, w: 6, h: 1 },
]);
console.log("wide with a limit:           ", shown());
grid.load(structuredClone(narrow));
console.log("narrow again, without limit: ", shown());
process.exit(0);
JS
node try.mjs | tee seen
sed -n 1p seen | grep -q 'a x=0 y=0 w=2 minW=-'
sed -n 3p seen | grep -q 'a x=0 y=0 w=4 minW=4, b x=2 y=1'
