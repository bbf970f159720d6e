import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { ResponsiveGridLayout, useContainerWidth } from 'react-grid-layout';
import 'react-grid-layout/css/styles.css';
import { LayoutClient } from '/static/uiengine/adaptive-layout.js';

function AdaptiveGrid({ client }) {
  const [payload, setPayload] = useState(client.payload);
  const { width, containerRef, mounted } = useContainerWidth();
  useEffect(() => client.track('impression'), [client]);
  const { layouts, breakpoints, cols, row_height, order, elements } = payload;

  const move = async (layout, _before, { i }) => {
    const rank = [...layout].sort((a, b) => a.y - b.y || a.x - b.x).findIndex((item) => item.i === i);
    setPayload(await client.feedback('move', { block: i, rank }));
  };
  return (
    <div ref={containerRef}>
      {mounted && (
        <ResponsiveGridLayout {...{ width, layouts, breakpoints, cols }} rowHeight={row_height} onDragStop={move}>
          {order.map((id) => (
            <section key={id} onClick={() => client.track('use', id)}>{elements[id].title}</section>
          ))}
        </ResponsiveGridLayout>
      )}
    </div>
  );
}

const page = document.querySelector('[data-surface]');
const client = new LayoutClient({ surface: page.dataset.surface, token: page.dataset.token });
await client.load();
createRoot(page).render(<AdaptiveGrid client={client} />);
