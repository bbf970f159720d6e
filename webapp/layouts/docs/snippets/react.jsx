import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { ResponsiveGridLayout, useContainerWidth } from 'react-grid-layout';
import 'react-grid-layout/css/styles.css';

// Django serves the client: it is read by its address when the page runs, not when it is built.
const { LayoutClient } = await import(/* @vite-ignore */ new URL('/static/uiengine/adaptive-layout.js', location));

const page = document.querySelector('[data-surface]');
const dir = getComputedStyle(page).direction;
const { surface, token } = page.dataset;
const client = new LayoutClient({ api: '/api/', surface, token });
await client.load();

// react-grid-layout counts columns from the left, wherever reading starts.
const mirror = (items, cols) => items.map((item) => ({ ...item, x: cols - item.x - item.w }));
const start = ({ x, w }) => (dir === 'rtl' ? -x - w : x);

const DRAG = { cancel: 'input' }; // a button is pressed, not dragged

function Asking({ type, block, value, label }) {
  const ask = (event) => {
    event.stopPropagation();
    client.feedback(type, { block });
  };
  return <input type="button" value={value} aria-label={label} onClick={ask} />;
}

function AdaptiveGrid() {
  const [payload, setPayload] = useState(client.payload);
  const { layouts, breakpoints, cols, row_height, order, elements, sizes } = payload;
  const mayLeave = (id) => payload.put_away && !elements[id].required && !elements[id].pinned;
  const [words, say] = useState('');
  const { width, containerRef, mounted } = useContainerWidth();
  const shown = useMemo(() => (dir === 'ltr' ? layouts : Object.fromEntries(
    Object.entries(layouts).map(([name, items]) => [name, mirror(items, cols[name])]),
  )), [layouts, cols]);
  useEffect(() => {
    const follow = () => setPayload(client.payload); // after a wish, and back from another tab
    client.addEventListener('layout', follow);
    client.see('');
    return () => client.removeEventListener('layout', follow);
  }, []);

  const move = async (layout, _before, { i }) => {
    const rank = [...layout].sort((a, b) => a.y - b.y || start(a) - start(b)).findIndex((item) => item.i === i);
    if (rank === order.indexOf(i)) return; // it only trembled
    const { held } = await client.feedback('move', { block: i, rank });
    say(held?.says ?? ''); // where a rule holds the block, which
  };
  // A new size stays, as a wish; where the surface changes no sizes, there is no handle.
  const resize = (_layout, _before, { i, w, h }) => {
    const [breakpoint] = Object.entries(breakpoints).filter(([, min]) => min <= width).sort((a, b) => b[1] - a[1])[0];
    return client.feedback('resize', { block: i, breakpoint, w, h });
  };
  return (
    <div ref={containerRef} dir="ltr">
      <p role="status" dir={dir}>{words}</p>
      {mounted && (
        <ResponsiveGridLayout {...{ width, layouts: shown, breakpoints, cols }} rowHeight={row_height} dragConfig={DRAG}
          onDragStop={move} onResizeStop={resize} resizeConfig={{ enabled: sizes }}>
          {order.map((id) => (
            <section key={id} dir={dir} onClick={() => client.track('use', id)}>
              {elements[id].title}
              {mayLeave(id) && <> <Asking type="put_away" block={id} value="×" label={`Put away: ${elements[id].title}`} /></>}
            </section>
          ))}
        </ResponsiveGridLayout>
      )}
      <p dir={dir}>
        {payload.tray.map((id) => (
          <Asking key={id} type="bring_back" block={id} value={`+ ${elements[id].title}`} label={`Bring back: ${elements[id].title}`} />
        ))}
      </p>
    </div>
  );
}

createRoot(page).render(<AdaptiveGrid />);
