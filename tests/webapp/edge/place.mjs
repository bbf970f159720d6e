// What the edge function answers to requests for the pages given, over the Web's own classes.
import { readFileSync } from 'node:fs';
import { answer } from '../../../webapp/layouts/static/uiengine/book-edge.js';

const { html, requests } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const found = [];
for (const { page = 0, cookie, method = 'GET', status = 200, type = 'text/html; charset=utf-8' } of requests) {
  const asked = [];
  const next = async (request) => {
    asked.push(request.headers.get('cookie'));
    const headers = { 'Content-Type': type, 'Cache-Control': 'public, max-age=60', ETag: '"a"' };
    return new Response(method === 'HEAD' ? null : html[page], { status, headers });
  };
  const headers = cookie ? { Cookie: cookie } : {};
  const made = await answer(new Request('https://site.test/', { method, headers }), next);
  found.push({ asked, status: made.status, headers: Object.fromEntries(made.headers), body: await made.text() });
}
process.stdout.write(JSON.stringify(found));
