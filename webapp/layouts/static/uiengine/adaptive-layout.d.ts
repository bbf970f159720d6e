/** Types of adaptive-layout.js; the payload is that of GET /api/layout. */

export type FeedbackType = 'pin' | 'unpin' | 'move' | 'resize' | 'undo' | 'freeze' | 'plain' | 'reset'
  | 'fold' | 'put_away' | 'bring_back' | 'decline';
export type Status = 'adapted' | 'default' | 'frozen' | 'plain' | 'dry_run' | 'fallback';

/** A block's box in grid cells, as react-grid-layout (`i`) and gridstack (`id`) read it. */
export interface Item {
  id: string;
  i: string;
  x: number;
  y: number;
  w: number;
  h: number;
  minW: number;
  minH: number;
  /** Absent where unlimited. */
  maxW?: number;
  maxH?: number;
  static: boolean;
  locked: boolean;
  noMove: boolean;
  noResize: boolean;
  isDraggable: boolean;
  isResizable: boolean;
}

export interface Payload {
  surface: string;
  status: Status;
  /** Breakpoint name → the least width in px from which it applies. */
  breakpoints: Record<string, number>;
  /** Breakpoint name → columns. */
  cols: Record<string, number>;
  /** px. */
  row_height: number;
  layouts: Record<string, Item[]>;
  /** The ids of all blocks but those in the tray, in reading order, the same at every breakpoint. */
  order: string[];
  elements: Record<string, { title: string; kind: string; [more: string]: unknown }>;
  /** Ids of the blocks that the user keeps in place. */
  pins: string[];
  /** What `undo` would take back. */
  undo: 'wish' | 'visit' | 'nothing';
  /** Signed; every event and every wish carries it. */
  decision: string;
  /** A hash of the user; empty for visitors and nobody. */
  whose: string;
  /** The block that is expected next, how to point to it, and how sure; null where there is none. */
  emphasis: { how: "appear" | "mark"; block: string; probability: number } | null;
  /** Whether sizes may change here, by `resize` too. */
  sizes: boolean;
  /** Whether people may fold blocks and put them away here. */
  put_away: boolean;
  /** Blocks that show their title alone. */
  folded: string[];
  /** Blocks that the person put away, the last one at the end. */
  tray: string[];
  /** A block that the page may suggest to put away; sending `suggested` says that it was seen. */
  suggestion: { block: string; visits: number; days: number; says: string } | null;
  stability: { moved: string[]; resized: string[]; budget: number; [more: string]: unknown };
  /** Block id → why it stands where it does. */
  why: Record<string, string>;
  links: Record<string, string>;
  /** In the answer to a wish: the rule that keeps the block from the rank asked for, and a sentence to show. */
  held?: { block: string; rank: number; asked: number; rule: string; says: string } | null;
}

export interface ClientOptions {
  surface: string;
  /** Default `/api/`. */
  api?: string;
  /** A signed user token; without one the session speaks for the user. */
  token?: string;
  payload?: Payload | null;
  /** The CSRF token and the header that carries it; without them the first wish asks for them. */
  csrf?: Csrf;
}

export interface Csrf {
  /** The cookie that scripts may read the token from, which wins over `token`; empty if there is none. */
  cookie: string;
  header: string;
  token: string;
}

/**
 * Talks to the server and knows no page: use it with gridstack, React or your own rendering.
 *
 * A page has one client for each surface and address: making another returns that one. A page
 * speaks for one person. Fires `layout` whenever `payload` is another: after a wish, and when the
 * page comes back to view and the layout changed meanwhile.
 *
 * A request takes at most 5 seconds. Batches are sent one at a time, and all that fit into the
 * browser's limit at once when the page is hidden.
 */
export class LayoutClient extends EventTarget {
  constructor(options: ClientOptions);
  readonly payload: Payload | null;
  /** The layout of this visit; revalidated by ETag, served from the browser's cache when offline. */
  load(): Promise<Payload>;
  /** Asks again, as happens by itself when the page comes back to view. */
  refresh(): Promise<void>;
  /** Shows a payload in all that follows this client. */
  show(payload: Payload): void;
  /** Notes an impression of a block, or of the page by '', once while the page is shown. */
  see(id: string, type?: 'impression' | 'suggested'): void;
  /**
   * Notes an event. Events go out in batches, wait while offline, and are never counted twice. An
   * impression of a page that is prerendered or hidden is noted when it is shown. A goal that the
   * team declared: `track('goal', '', { name: 'order', value: 59.9, id: 'order-17' })`; the same id
   * counts once.
   */
  track(type: 'impression' | 'use' | 'dwell' | 'dismiss' | 'goal' | 'suggested', block?: string, more?: Record<string, unknown>): void;
  /** Sends what waits now. */
  flush(): Promise<void>;
  /** Acts at once; resolves to the layout that follows. Rejects with the server's explanation. */
  feedback(type: FeedbackType, fields?: Record<string, unknown>): Promise<Payload>;
}

/**
 * `<adaptive-layout surface="home" controls>`: children with `data-block` are put in their places.
 * They may stand in a child with `data-grid`; without one the element wraps nothing, its children
 * stay a framework's own, and the grid is `::part(grid)`. Elements of one surface share a client.
 * A layout changes between visits, or because the user asked for it, here or in another tab.
 *
 * Attributes: `surface` (needed), `api`, `token`, `controls` (a menu in every block, and undo,
 * freeze and reset above), `timeout` (ms to wait for a layout that the page did not bring along;
 * default 1000, after which the page stays as it was written).
 * Fires `layout` (bubbling, `detail` the payload) whenever a layout is in place.
 */
export class AdaptiveLayout extends HTMLElement {
  readonly client: LayoutClient;
  readonly payload: Payload | null;
  /** Hands the payload to another grid instead of rendering it. */
  set renderer(render: (payload: Payload) => void);
  /** Shows another payload of the surface, gliding from what is there; no other is asked for. */
  show(payload: Payload): void;
  /** Opens a block's options, with the reason for its place first. */
  why(id: string): void;
  pin(id: string, on?: boolean): Promise<void>;
  /** To a 0-based rank in reading order. */
  move(id: string, rank: number): Promise<void>;
  /** To a size in cells at the breakpoint shown, within the block's limits. */
  resize(id: string, w: number, h: number): Promise<void>;
  undo(): Promise<void>;
  freeze(on?: boolean): Promise<void>;
}

/** The grid of every breakpoint as container queries. */
export function gridCss(payload: Payload, scope: string): string;

declare global {
  interface HTMLElementTagNameMap {
    'adaptive-layout': AdaptiveLayout;
  }
}
