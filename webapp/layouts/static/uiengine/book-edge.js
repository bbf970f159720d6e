// For the workers of a CDN, or any place with the Web's Request and Response: puts the blocks of a
// public page (from="book") in the order of the reader's byte. Bind it to public pages alone.

const PAGE = /<adaptive-layout\b[^>]*\sfrom="book"[^>]*>/g;
const GRID = /<div data-grid>\s*/g;
const BOOT = /\s*<\/div>\s*<script type="application\/json">([^<]*)<\/script>/y;
const TAG = /<!--[\s\S]*?-->|<(script|style|textarea|title|svg|template)\b[\s\S]*?<\/\1\s*>|<(\/?)([a-z][^\s/>]*)(?:"[^"]*"|'[^']*'|[^'">])*>/gi;
const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));
const TOKEN = /^(\d{1,3})\.([0-9a-f]{16})\.[\w.:-]+$/;
const FIRST = 48; // character code of 0

const attribute = (tag, name) => tag.match(`\\s${name}="([^"]*)"`)?.[1];

function cookie(header, name) {
  const pairs = header.split(/;\s*/).map((pair) => pair.split('='));
  return pairs.find(([key]) => key === name)?.slice(1).join('=');
}

// The end of the element that begins at `from`; throws where tags do not nest.
function ended(html, from) {
  const open = [];
  TAG.lastIndex = from;
  for (let found; (found = TAG.exec(html));) {
    const [text, , slash, name] = found;
    if (name && !VOID.has(name.toLowerCase())) {
      if (!slash) open.push(name.toLowerCase());
      else if (open.pop() !== name.toLowerCase()) break;
    }
    if (!open.length && slash) return found.index + text.length;
  }
  throw new SyntaxError('A block is not closed.');
}

function blocksOf(html, at) {
  const blocks = new Map();
  while (html.startsWith('<section data-block="', at)) {
    const end = ended(html, at);
    blocks.set(attribute(html.slice(at, at + 200), 'data-block'), html.slice(at, end));
    at = end + html.slice(end).match(/^\s*/)[0].length;
  }
  return [blocks, at];
}

// One page's element from `at` on: its blocks in the order of the byte, its cells in its style.
function arranged(html, at, tag, token) {
  const [, byte, hash] = token.match(TOKEN);
  GRID.lastIndex = at;
  const begin = GRID.exec(html).index;
  const first = GRID.lastIndex;
  const [blocks, last] = blocksOf(html, first);
  BOOT.lastIndex = html.lastIndexOf('</section>', last) + '</section>'.length;
  const { book } = JSON.parse(BOOT.exec(html)[1]);
  const count = book.ids.length;
  const [order, ...lines] = book.lists.map((list) =>
    [...list.slice(byte * count, (+byte + 1) * count)].map((char) => char.charCodeAt(0) - FIRST));
  const placed = order.map((i) => blocks.get(book.ids[i]));
  if (book.hash !== hash || new Set(placed).size !== blocks.size || !placed.every(Boolean)) {
    throw new RangeError('The byte is of another book.');
  }
  const scope = `adaptive-layout[surface="${book.on}"]>[data-grid]>`;
  const cells = book.ids.map((id, i) =>
    `${scope}[data-block="${id}"]{${lines.map((line, k) => `--al${k}:${line[i]}`).join(';')}}`);
  const head = html.slice(at + tag.length, begin).replace('</style>', () => `${cells.join('')}</style>`);
  const opened = tag.replace(/>$/, ` data-token="${token}">`);
  return [opened + head + html.slice(begin, first) + placed.join('\n'), last];
}

// The page with the blocks of each token's surface placed; null if none could be.
export function place(html, cookies) {
  let [made, done] = ['', 0];
  for (const { 0: tag, index } of html.matchAll(PAGE)) {
    const slug = attribute(tag, 'surface');
    const token = cookie(cookies, `layout_byte_${slug}`) ?? cookie(cookies, `layout_next_${slug}`);
    if (!token?.match(TOKEN) || index < done) continue;
    try {
      const [text, end] = arranged(html, index, tag, token);
      made += html.slice(done, index) + text;
      done = end;
    } catch {} // the page as it is
  }
  return done ? made + html.slice(done) : null;
}

// next: answers the request without cookies, from a shared cache or the origin.
export async function answer(request, next = fetch) {
  if (!['GET', 'HEAD'].includes(request.method)) return next(request);
  const cookies = request.headers.get('Cookie') ?? '';
  const asked = new Request(request);
  asked.headers.delete('Cookie');
  const page = await next(asked);
  const isPage = page.status === 200 && page.headers.get('Content-Type')?.startsWith('text/html');
  if (request.method !== 'GET' || !isPage || !/\blayout_(byte|next)_/.test(cookies)) return page;
  const html = await page.clone().text();
  const placed = place(html, cookies);
  if (placed === null) return page;
  const headers = new Headers(page.headers);
  for (const name of ['ETag', 'Last-Modified', 'Content-Length', 'Content-Encoding', 'Expires']) headers.delete(name);
  headers.set('Cache-Control', 'private, no-store');
  return new Response(placed, { status: 200, headers });
}
