/** Types of adaptive-layout.js; the payload is that of GET /api/layout. */

export type FeedbackType = 'pin' | 'unpin' | 'move' | 'undo' | 'freeze' | 'reset';
export type Status = 'adapted' | 'default' | 'frozen' | 'dry_run' | 'fallback';

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
  /** All block ids in reading order, the same at every breakpoint. */
  order: string[];
  elements: Record<string, { title: string; kind: string; [more: string]: unknown }>;
  /** Ids of the blocks that the user keeps in place. */
  pins: string[];
  /** Signed; every event and every wish carries it. */
  /** What `undo` would take back. */
  undo: 'wish' | 'visit' | 'nothing';
  decision: string;
  /** A hash of the user; empty for visitors and nobody. */
  whose: string;
  stability: { moved: string[]; budget: number; [more: string]: unknown };
  /** Block id → why it stands where it does. */
  why: Record<string, string>;
  links: Record<string, string>;
}

export interface ClientOptions {
  surface: string;
  /** Default `/api/`. */
  api?: string;
  /** A signed user token; without one the session speaks for the user. */
  token?: string;
  payload?: Payload | null;
}

/** Talks to the server and knows no page: use it with gridstack, React or your own rendering. */
export class LayoutClient {
  constructor(options: ClientOptions);
  readonly payload: Payload | null;
  /** The layout of this visit; revalidated by ETag, served from the browser's cache when offline. */
  load(): Promise<Payload>;
  /** Notes an event. Events go out in batches, wait while offline, and are never counted twice. */
  track(type: 'impression' | 'use' | 'dwell' | 'dismiss', block?: string, more?: Record<string, unknown>): void;
  /** Sends what waits now. */
  flush(): Promise<void>;
  /** Acts at once; resolves to the layout that follows. Rejects with the server's explanation. */
  feedback(type: FeedbackType, fields?: Record<string, unknown>): Promise<Payload>;
}

/**
 * `<adaptive-layout surface="home" controls>`: children with `data-block` are put in their places.
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
  /** Shows another payload of the surface, gliding from what is there. */
  show(payload: Payload): void;
  /** Opens a block's options, with the reason for its place first. */
  why(id: string): void;
  pin(id: string, on?: boolean): Promise<void>;
  /** To a 0-based rank in reading order. */
  move(id: string, rank: number): Promise<void>;
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
