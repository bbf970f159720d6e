import { GridStack } from 'gridstack';
import 'gridstack/dist/gridstack.min.css';
import { LayoutClient } from '/static/uiengine/adaptive-layout.js';

const page = document.querySelector('[data-surface]');
const client = new LayoutClient({ surface: page.dataset.surface, token: page.dataset.token });
const payload = await client.load();

// The breakpoint of this width; its array goes into gridstack as it is.
const [name] = Object.entries(payload.breakpoints).filter(([, min]) => min <= page.clientWidth)
  .sort((a, b) => b[1] - a[1])[0];
page.className = 'grid-stack';
GridStack.renderCB = (content, { id }) => {
  content.textContent = client.payload.elements[id].title;
  content.addEventListener('click', () => client.track('use', id));
};
const grid = GridStack.init({ column: payload.cols[name], cellHeight: payload.row_height, disableResize: true });
const show = ({ layouts }) => grid.load(structuredClone(layouts[name])); // gridstack writes into it
show(payload);
client.track('impression');

// Dragging a block asks for its new rank; the answer is the layout that follows.
grid.on('dragstop', async (_, { gridstackNode: { id } }) => {
  const order = GridStack.Utils.sort(grid.engine.nodes).map((node) => node.id);
  show(await client.feedback('move', { block: id, rank: order.indexOf(id) }));
});
