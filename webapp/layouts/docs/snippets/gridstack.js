import { GridStack } from 'gridstack';
import 'gridstack/dist/gridstack.min.css';
import { LayoutClient } from '/static/uiengine/adaptive-layout.js';

const page = document.querySelector('[data-surface]');
const { surface, token } = page.dataset;
const client = new LayoutClient({ api: '/api/', surface, token });
const { row_height: cellHeight } = await client.load();

const words = document.createElement('p');
words.setAttribute('role', 'status');
page.before(words);
page.className = 'grid-stack';
// A block that may leave has a button for it; one that was put away has another below the grid.
const tray = document.createElement('p');
page.after(tray);
const asking = (type, block, value, ariaLabel) => {
  const button = Object.assign(document.createElement('input'), { type: 'button', value, ariaLabel });
  button.addEventListener('click', (event) => {
    event.stopPropagation();
    client.feedback(type, { block });
  });
  return button;
};
GridStack.renderCB = (content, { id }) => {
  const { title, required, pinned } = client.payload.elements[id];
  content.textContent = title;
  if (client.payload.put_away && !required && !pinned) content.append(' ', asking('put_away', id, '×', `Put away: ${title}`));
  content.addEventListener('click', () => client.track('use', id));
};
const rtl = getComputedStyle(page).direction === 'rtl';
const grid = GridStack.init({ cellHeight, rtl, disableResize: !client.payload.sizes });

// The array of this width's breakpoint. gridstack keeps limits from the load before: 0 takes them away.
let name;
function show() {
  const { breakpoints, cols, layouts, elements } = client.payload;
  [name] = Object.entries(breakpoints).filter(([, min]) => min <= page.clientWidth)
    .sort((a, b) => b[1] - a[1])[0];
  grid.column(cols[name], 'none');
  grid.load(layouts[name].map((item) => ({ maxW: 0, maxH: 0, ...item })));
  tray.replaceChildren(...client.payload.tray.map((id) => (
    asking('bring_back', id, `+ ${elements[id].title}`, `Bring back: ${elements[id].title}`))));
}
new ResizeObserver(show).observe(page.parentElement);
client.addEventListener('layout', show); // after a wish, and back from another tab
client.track('impression');

// Dragging a block asks for its new rank, and says so where a rule holds it. A hand that trembles
// meant to click, and no click comes.
grid.on('dragstop', async (_, { gridstackNode: { id } }) => {
  const rank = GridStack.Utils.sort(grid.engine.nodes).findIndex((node) => node.id === id);
  if (rank !== client.payload.order.indexOf(id)) {
    const { held } = await client.feedback('move', { block: id, rank });
    words.textContent = held?.says ?? '';
  } else {
    client.track('use', id);
    show();
  }
});

// A new size stays, as a wish; where the surface changes no sizes, there is no handle.
grid.on('resizestop', (_, { gridstackNode: { id, w, h } }) =>
  client.feedback('resize', { block: id, breakpoint: name, w, h }));
