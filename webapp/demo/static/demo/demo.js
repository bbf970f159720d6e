/** What the demo adds around <adaptive-layout>: events first, then the next visit; a word on each use. */

const layout = document.querySelector('adaptive-layout');
const toast = document.querySelector('.toast');
let isFlushed = false;

// The next visit and another person begin after this visit's events have arrived, or 3 seconds on.
document.addEventListener('submit', async (event) => {
  if (isFlushed) return;
  event.preventDefault();
  const late = new Promise((go) => setTimeout(go, 3000));
  await Promise.race([layout?.client?.flush(), late]);
  isFlushed = true;
  event.target.requestSubmit(event.submitter);
});

document.addEventListener('click', ({ target }) => {
  const link = target.closest('[data-block] a');
  if (!link) return;
  link.dataset.opened = '';
  toast.textContent = toast.dataset.text.replace('%', link.closest('[data-block]').getAttribute('aria-label'));
});

// After a pin, a move or an undo, the reasons and the side panel follow.
layout?.addEventListener('layout', async ({ detail }) => {
  for (const block of layout.querySelectorAll('[data-block]')) {
    const why = detail.why[block.dataset.block] ?? '';
    const shown = block.querySelector('.reason');
    if (shown && shown.textContent !== why) shown.textContent = why;
    block.querySelector('.moved').hidden = !detail.stability.moved.includes(block.dataset.block);
  }
  const panel = document.querySelector('.engine');
  if (panel.dataset.decision === detail.decision) return;
  const response = await fetch(panel.dataset.url);
  if (response.ok) panel.outerHTML = await response.text();
});
