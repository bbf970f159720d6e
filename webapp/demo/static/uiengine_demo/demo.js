/** What the demo adds around <adaptive-layout>: events before the next visit, time, a word on each use. */

const layout = document.querySelector('adaptive-layout');
const toast = document.querySelector('.toast');
const panel = document.querySelector('.engine');
const compare = document.querySelector('.compare');
const time = document.querySelector('.time');
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

// The next visit, or the next person, begins once this visit's events have arrived, or 3 seconds on.
for (const form of document.querySelectorAll('.next-visit, .people-list')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { name, value } = event.submitter ?? {};
    if (name) form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    for (const button of form.querySelectorAll('button')) button.disabled = true; // once per press
    await Promise.race([layout?.client?.flush(), pause(3000)]);
    form.submit();
  });
}

// The course behind the page is not there: its links say what they would open, and lead nowhere. (A
// jump within the page would also cancel a switch of persons that is under way.)
document.addEventListener('click', (event) => {
  const link = event.target.closest('[data-block] a');
  if (!link) return;
  event.preventDefault();
  link.dataset.opened = '';
  reach(link.dataset.goal);
  const { text, past } = toast.dataset;
  const title = link.closest('[data-block]').getAttribute('aria-label');
  toast.textContent = document.body.classList.contains('is-past') ? past : text.replace('{title}', title);
});

// What the bank's team counts, if it is declared; the side panel follows.
async function reach(name) {
  if (!panel.dataset.goals.split(' ').includes(name) || document.body.classList.contains('is-past')) return;
  layout.client.track('goal', '', { name });
  await layout.client.flush();
  const response = await fetch(panel.dataset.url);
  if (response.ok) tell(await response.json());
}

function showReasons({ why, stability, pins }) {
  for (const block of layout.querySelectorAll('[data-block]')) {
    const id = block.dataset.block;
    const shown = block.querySelector('.reason');
    if (shown.textContent !== (why[id] ?? '')) shown.textContent = why[id] ?? '';
    block.querySelector('.moved').hidden = !stability.moved.includes(id);
    block.querySelector('.pinned').hidden = !pins.includes(id);
  }
}

// After a pin, a move or an undo, the reasons and the side panel follow.
layout?.addEventListener('layout', async ({ detail }) => {
  showReasons(detail);
  if (document.body.classList.contains('is-past') || panel.dataset.decision === detail.decision) return;
  panel.dataset.decision = detail.decision;
  const response = await fetch(panel.dataset.url);
  if (response.ok) tell(await response.json());
});

function tell(moment) {
  panel.innerHTML = moment.panel;
  compare.innerHTML = moment.compare;
}

/* The time slider: the page as it was before each visit. */
if (time) {
  const slider = time.querySelector('input');
  const play = time.querySelector('.play');
  const now = document.body.classList.contains('is-past') ? null : layout.payload;
  let wanted = null;
  let isBusy = false;

  // Said at once, not when the page has come: a screen reader reads it with the key's press.
  const say = () => {
    const { now: atEnd, visit } = slider.dataset;
    const text = slider.value === slider.max ? atEnd : visit.replace('{number}', +slider.value + 1);
    slider.setAttribute('aria-valuetext', text);
  };
  const show = async () => {
    say();
    if (isBusy) return;
    isBusy = true;
    while (wanted !== null) {
      const visit = wanted;
      wanted = null;
      const isNow = visit === slider.max;
      if (isNow && !now) return location.assign(time.action);
      await layout.client.flush(); // what was used now belongs to now
      const response = await fetch(`${time.dataset.url}${isNow ? '' : `?visit=${visit}`}`);
      if (!response.ok) break;
      const moment = await response.json();
      document.body.classList.toggle('is-past', !isNow);
      layout.show(isNow ? now : moment.payload);
      tell(moment);
      time.querySelector('output').textContent = moment.label.trim();
    }
    isBusy = false;
  };
  slider.addEventListener('input', () => { wanted = slider.value; show(); });
  time.addEventListener('submit', (event) => event.preventDefault());
  play.hidden = false;
  play.addEventListener('click', async () => {
    play.disabled = true;
    for (let visit = 0; visit <= +slider.max; visit += 1) {
      slider.value = visit;
      wanted = slider.value;
      await Promise.all([show(), pause(400)]);
    }
    play.disabled = false;
  });
}
