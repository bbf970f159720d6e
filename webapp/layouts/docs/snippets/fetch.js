// Without our client: two requests. A signed-in Django user needs no token, but the CSRF one.
const page = document.querySelector('[data-surface]');
const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${page.dataset.token}` };

const answer = await fetch(`/api/layout?surface=${page.dataset.surface}`, { headers });
const { order, elements, why, decision } = await answer.json();
page.replaceChildren(...order.map((id) => {
  const block = document.createElement('button');
  block.append(elements[id].title);
  block.title = why[id] ?? '';
  block.addEventListener('click', () => send({ type: 'use', block: id }));
  return block;
}));

function send(event) {
  const events = [{ id: crypto.randomUUID(), at: new Date().toISOString(), ...event }];
  return fetch('/api/events', { method: 'POST', headers, body: JSON.stringify({ decision, events }) });
}
await send({ type: 'impression' });
