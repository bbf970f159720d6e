// Beside adaptive-layout.js, and before it, on pages of {% adaptive_layout "home" from="book" %}:
// tells it what place-book.js placed, and keeps the byte's cookies fresh.

const SETTLED = 3000; // ms after which events are sent
const LIMIT = 5000; // ms for a request, and for events of a first view to wait
const NOBODY = 300; // s after which nobody may have signed in

const FIRST = 48; // character code of 0
const AT_MOST = 3; // reasons

// What the book says of its entry. Of another book the page knows none.
function reasons({ ids, said, why, hash }, token) {
  const [byte, of] = token ? token.split('.') : [0, hash];
  if (of !== hash) return {};
  const told = [...why.substr(AT_MOST * byte, AT_MOST)].map((char) => said[char.charCodeAt(0) - FIRST]);
  return Object.fromEntries(told.filter(Boolean).map(([place, sentence]) => [ids[place], sentence]));
}

// What stands in the page, as GET /api/layout would say it.
function shown(element, page) {
  const blocks = [...element.querySelectorAll(':scope>[data-grid]>[data-block]')];
  const points = Object.entries(page.breakpoints).sort((a, b) => a[1] - b[1]);
  const layouts = Object.fromEntries(points.map(([name], k) => [name, page.layouts[name].map((item) => {
    const { style } = blocks.find((block) => block.dataset.block === item.id);
    const [y, x] = [2 * k, 2 * k + 1].map((n) => +style.getPropertyValue(`--al${n}`) - 1);
    const w = +style.getPropertyValue(`--al${2 * points.length + k}`) || item.w;
    return y < 0 ? item : { ...item, x, y, w };
  }).sort((a, b) => a.y - b.y || a.x - b.x)]));
  return { ...page, layouts, order: blocks.map((block) => block.dataset.block) };
}

async function ask(element, slug) {
  const response = await fetch(`${element.getAttribute('api')}token?surface=${slug}`, { signal: AbortSignal.timeout(LIMIT) });
  if (!response.ok) return {};
  const token = await response.json();
  sessionStorage[`al-asked-${slug}`] = token.visit ? token.until : Math.min(token.until, Date.now() / 1000 + NOBODY);
  return token;
}

// The events of a first view wait until it is known whose they are: theirs to whom the entry shown
// belongs, or else nobody's.
async function claim(element, slug, decision) {
  const { byte, book, visit, signature } = await ask(element, slug).catch(() => ({}));
  const isTheirs = visit && `${[byte, book]}` === `${element.placed.key.slice(0, 2)}`;
  const { client } = element;
  Object.assign(client.payload, isTheirs ? { decision: [byte, book, visit, signature].join('.'), status: 'adapted' } : { decision });
  client.flush();
}

for (const element of document.querySelectorAll('adaptive-layout[from=book]')) {
  const script = element.querySelector(':scope>script[type="application/json"]');
  const { page, book, ...boot } = JSON.parse(script.textContent);
  const { token } = element.dataset;
  const slug = element.getAttribute('surface');
  const hasByte = document.cookie.includes(`layout_byte_${slug}=`);
  const isDue = !hasByte && !(sessionStorage[`al-asked-${slug}`] * 1000 > Date.now());
  const isFirst = isDue && token === '';
  // Where nothing was placed, the client asks for the engine's layout.
  if (token !== '-') {
    const signed = token && { decision: token, status: 'adapted' };
    boot.payload = { ...shown(element, page), why: reasons(book, token), ...signed };
    if (isFirst) boot.payload.decision = '';
  }
  script.textContent = JSON.stringify(boot);
  if (token && token !== '-') {
    const { key, found } = element.placed;
    try { localStorage[`al-${slug}`] = JSON.stringify({ [key]: found }); } catch {}
  }
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(element, slug).catch(() => {}), SETTLED);
  };
  customElements.whenDefined('adaptive-layout').then(() => {
    if (boot.payload) element.client.held = true; // the byte changes between visits only
    if (isFirst) claim(element, slug, page.decision);
  });
  if (isDue && !isFirst) later();
  for (const type of ['click', 'change', 'submit']) element.addEventListener(type, later);
}
