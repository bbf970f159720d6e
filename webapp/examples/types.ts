// Uses every export as its types say; `npm run types` compiles it, and nothing runs it.
import { AdaptiveLayout, gridCss, LayoutClient, type Item, type Payload } from '../layouts/static/uiengine/adaptive-layout.js';

const client = new LayoutClient({ surface: 'home', token: 'ut_…' });
const payload: Payload = await client.load();
client.track('use', payload.order[0]);
client.track('dwell', 'mail', { ms: 1200 });
await client.feedback('pin', { block: 'mail', rank: 0 });
await client.flush();
await client.refresh();
client.see('mail');
client.addEventListener('layout', () => client.show(payload));
new LayoutClient({ surface: 'home', csrf: { cookie: '', header: 'X-CSRFToken', token: 't' } });
const items: Item[] = payload.layouts['wide'] ?? [];
const css: string = gridCss(payload, 'main');
const element: AdaptiveLayout = document.createElement('adaptive-layout');
element.renderer = ({ layouts }) => console.log(layouts, items, css);
element.show(payload);
await client.feedback('put_away', { block: payload.suggestion?.block ?? payload.folded[0] ?? payload.tray[0] });
element.why('mail');
await element.pin('mail', false);
await element.move('mail', 2);
await element.freeze();
// @ts-expect-error: not a kind of event
client.track('stare');
// @ts-expect-error: a surface is needed
new LayoutClient({});
