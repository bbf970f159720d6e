// A service worker for public pages (from="book"): answers views of them from the device while they
// are fresh, or without a network, and has the byte's cookies renewed between visits. Nothing of a
// person is kept but until when each visit lasts. Serve it from the site's root, or with the header
// Service-Worker-Allowed: /.

const KEPT = 'adaptive-book';
const MOST = 200; // answers
const SETTLED = 5000; // ms, after which a page has asked for its token itself
const PAGE = /<adaptive-layout\b[^>]*\sfrom="book"|<adaptive-device\b/;
const ELEMENT = /<adaptive-layout\b[^>]*\ssurface="([^"]+)"[^>]*\sapi="([^"]+)"[^>]*\sfrom="book"/g;
const BOOK = /\/book\/[\w-]+\/[0-9a-f]{16}$/;
const TODAY = /\/book\/[\w-]+$/;
const TOKEN = /\/token$/;
const PARTS = ['script', 'style', 'font', 'image'];

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

const kept = () => caches.open(KEPT);
const control = (response) => response.headers.get('Cache-Control') ?? '';

function isFresh(response) {
  const [, seconds] = control(response).match(/max-age=(\d+)/) ?? [0, 0];
  const made = Date.parse(response.headers.get('Date')) - 1000 * (response.headers.get('Age') ?? 0);
  return Date.now() < made + 1000 * seconds;
}

// Whether an answer is the same for everybody.
async function isPublic(request, response) {
  if (!response.ok || response.type !== 'basic' || /private|no-store/.test(control(response))) return false;
  if (/cookie|\*/i.test(response.headers.get('Vary') ?? '')) return false;
  if (PARTS.includes(request.destination)) return true;
  if (!/public/.test(control(response))) return false;
  return request.mode !== 'navigate' || PAGE.test(await response.clone().text());
}

async function keep(address, response) {
  const store = await kept();
  await store.put(address, response);
  for (const key of (await store.keys()).slice(0, -MOST)) await store.delete(key); // the oldest
}

async function fetched(request, event) {
  const response = await fetch(request);
  const copy = response.clone();
  event.waitUntil((async () => {
    if (await isPublic(request, copy)) await keep(request.url, copy);
    // A page that is the same for everybody no longer.
    else if (request.mode === 'navigate' && response.ok) await (await kept()).delete(request.url);
  })());
  return response;
}

async function answered(request, event, takes) {
  const known = await (await kept()).match(request.url);
  if (known && takes(known)) return known;
  try {
    return await fetched(request, event);
  } catch (error) {
    if (known) return known;
    throw error;
  }
}

const visitOf = (address) => `${address}#until`;

async function renew(page) {
  await new Promise((done) => setTimeout(done, SETTLED));
  for (const [, surface, api] of (await page.text()).matchAll(ELEMENT)) {
    const address = new URL(`${api}token?surface=${surface}`, self.location).href;
    const until = await (await (await kept()).match(visitOf(address)))?.text();
    if (until && until * 1000 < Date.now()) await asked(address);
  }
}

async function asked(request) {
  const response = await fetch(request);
  if (response.ok) {
    const { until } = await response.clone().json();
    await keep(visitOf(request.url ?? request), new Response(until));
  }
  return response;
}

async function viewed(request, event) {
  const page = await answered(request, event, isFresh);
  const copy = page.clone();
  event.waitUntil(renew(copy).catch(() => {})); // without a network the byte at hand is kept
  return page;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(viewed(request, event));
  else if (BOOK.test(pathname)) event.respondWith(answered(request, event, () => true));
  else if (TODAY.test(pathname)) event.respondWith(answered(request, event, isFresh));
  else if (TOKEN.test(pathname)) event.respondWith(asked(request));
  else if (PARTS.includes(request.destination)) event.respondWith(answered(request, event, isFresh));
});
