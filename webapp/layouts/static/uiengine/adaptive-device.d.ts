/** Types of adaptive-device.js; a book is the JSON of GET /api/book/<surface>/<hash>. */

/** What the module reads of a book. */
export interface Book {
  blocks: string[];
  /** Per byte, positions in `blocks` from the top. */
  orders: number[][];
  at: Record<string, { columns: number; sizes: [number, number][]; [more: string]: unknown }>;
  page: {
    widest: string;
    /** px, as `viewport` and `row`. */
    width: number;
    viewport: number;
    row: number;
    groups: number[];
    grouped: boolean;
    pinned: number[];
    /** Blocks that may move at once. */
    budget: number;
    /** Seconds over the horizon that another entry must save. */
    least_saving: number;
    seconds: Record<string, number>;
    /** Per mark (navigation, help), the blocks that keep their order, in it. */
    kept?: number[][];
  };
  /** The net by which a person is read; see uiengine/model/student.py. Books of before have another. */
  device: {
    least_uses: number;
    /** Weights, rows of each of three layers. */
    layers?: number[][][];
    /** Per block, what it adds in each layer. */
    blocks?: number[][][];
    [more: string]: unknown;
  };
  [more: string]: unknown;
}

/** Uses since it moved; shares by 4 and by 20 visits, and the visit; uses by 2 and by 28 days, and the day. */
export type Counters = [number, number, number, number, number, number, number];

/** All that is kept of a person on a surface, on their device. */
export interface Profile {
  /** Visits that are over, in which something was used. */
  visits: number;
  /** The last order shown; empty for a newcomer. */
  order: string[];
  blocks: [string, Counters][];
  /** ms, whole days since 1970, and the blocks used so far. */
  open: { at: number; day: number; used: string[] } | null;
}

export interface Choice {
  /** The entry of the book; null where the person keeps an order that is none. */
  byte: number | null;
  order: string[];
  /** Seconds over the horizon. */
  energy: number;
  saves: number;
}

/** Records the order shown: moved blocks lose familiarity. Changes `profile`. */
export function show(profile: Profile, order: string[]): void;

/** Counts a visit that is over. day: whole days since 1970. Changes `profile`. */
export function fold(profile: Profile, day: number, used: Iterable<string>): void;

/** Horizon seconds of orders, as positions in `blocks`, after the order `last`. */
export function energies(
  book: Book,
  outlook: { demand: number[]; base: number[]; familiarity: number[] },
  last: number[],
  orders: number[][],
): number[];

/** The entry that pays, from the order last shown. */
export function choose(book: Book, profile: Profile, day: number): Choice;

/** One person's page on one device. No identifier is made, nothing is sent. */
export class Device {
  /** store: where the profile is kept, `localStorage` by default. */
  constructor(surface: string, store?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>);
  readonly profile: Profile;
  /** What to show at this view; another order only after 30 minutes without a use. now: ms. */
  arrange(book: Book, now?: number): Choice;
  /** Counts a use of this visit. */
  use(block: string, now?: number): void;
  /** The profile as readable JSON, for the person. */
  export(): string;
  erase(): void;
}
