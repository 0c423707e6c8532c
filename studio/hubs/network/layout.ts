import type { Card, Drawing, Link, Place } from './cards.ts';
import type { NodeKind } from './topology-shape.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where everything is drawn, from the upper left corner of the whole. */
export interface Layout {
  readonly cards: ReadonlyMap<string, Box>;
  readonly places: ReadonlyMap<string, Box>;
}

const cardWidth = 178;
const columnGap = 92;
const rowGap = 18;
const pad = 14;
const headHeight = 30;
const placeGap = 22;
const cardHead = 58;
const rowHeight = 22;

/** From the left to the right, as connections go. */
const columns: Readonly<Partial<Record<NodeKind, number>>> = {
  worker: 0,
  endpoint: 1,
  service: 2,
  balancer: 3,
  backend: 4,
  forwarder: 4,
  publicServer: 4,
  database: 5,
};

function cardHeight({ rows }: Pick<Card, 'rows'>): number {
  return cardHead + rows.length * rowHeight;
}

/**
 * Lays a drawing out, the same drawing always in the same way: columns by kind, networks and subnets around what lies in them, none over another.
 * What lies in no network stands beside what leads to it.
 */
export function layoutOf(drawing: Drawing): Layout {
  const columnOf = columnsOf(drawing);
  const ranks = ranksOf(drawing, columnOf);
  const sorted = drawing.cards.toSorted((a, b) => ranks.get(a.id)! - ranks.get(b.id)! || compare(a.id, b.id));
  const setting: Setting = { columnOf, cards: new Map(), places: new Map() };
  const skyline = new Skyline();
  const networks = drawing.places.filter(({ within }) => within === undefined);
  const blocks = networks.map((network) => blockOfNetwork(network, { drawing, sorted, columnOf }));
  const first = (block: Block): number => Math.min(...block.cards.map(({ id }) => ranks.get(id)!), Number.MAX_SAFE_INTEGER);
  for (const block of blocks.toSorted((a, b) => a.from - b.from || first(a) - first(b) || compare(a.id, b.id)))
    place(block, skyline, setting);
  placeOthers(
    sorted.filter((card) => card.place === undefined),
    { links: drawing.links, skyline, setting },
  );
  return { cards: setting.cards, places: setting.places };
}

interface Setting {
  readonly columnOf: (card: Card) => number;
  readonly cards: Map<string, Box>;
  readonly places: Map<string, Box>;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Columns that are used, closed up. What is hidden stands where it is in the way. */
function columnsOf({ cards, links }: Drawing): (card: Card) => number {
  const kinds = new Map(cards.map(({ id, kind }) => [id, columns[kind]]));
  const wanted = (card: Card): number => {
    const own = kinds.get(card.id);
    if (own !== undefined) return own;
    const before = links.filter(({ to }) => to === card.id).flatMap(({ from }) => kinds.get(from) ?? []);
    const after = links.filter(({ from }) => from === card.id).flatMap(({ to }) => kinds.get(to) ?? []);
    if (before.length > 0) return Math.max(...before) + 1;
    return after.length > 0 ? Math.max(0, Math.min(...after) - 1) : 0;
  };
  const byCard = new Map(cards.map((card) => [card.id, wanted(card)]));
  const used = [...new Set(byCard.values())].toSorted((a, b) => a - b);
  return ({ id }) => used.indexOf(byCard.get(id)!);
}

/** In which order cards stand in their column: behind what leads to them, so that links cross little. */
function ranksOf({ cards, links }: Drawing, columnOf: (card: Card) => number): ReadonlyMap<string, number> {
  const leading = Map.groupBy(links, ({ to }) => to);
  const ranks = new Map<string, number>();
  const byColumn = Map.groupBy(cards, columnOf);
  for (const column of [...byColumn.keys()].toSorted((a, b) => a - b)) {
    const weight = (card: Card): number => {
      const before = (leading.get(card.id) ?? []).flatMap(({ from }) => ranks.get(from) ?? []);
      return before.length === 0 ? Number.MAX_SAFE_INTEGER : before.reduce((sum, one) => sum + one, 0) / before.length;
    };
    const weighed = byColumn.get(column)!.map((card) => ({ card, weight: weight(card) }));
    weighed.sort((a, b) => a.weight - b.weight || compare(a.card.node.name, b.card.node.name) || compare(a.card.id, b.card.id));
    for (const [at, { card }] of weighed.entries()) ranks.set(card.id, at);
  }
  return ranks;
}

/** What is drawn as one: a subnet or network with what lies in it, or cards that lie in a network itself. */
interface Block {
  readonly id: string;
  /** Undefined: no box is drawn around it. */
  readonly place: Place | undefined;
  readonly from: number;
  readonly to: number;
  readonly cards: readonly Card[];
  readonly inner: readonly Block[];
}

interface Ground {
  readonly drawing: Drawing;
  readonly sorted: readonly Card[];
  readonly columnOf: (card: Card) => number;
}

function blockOfNetwork(network: Place, { drawing, sorted, columnOf }: Ground): Block {
  const blockOf = (id: string, place: Place | undefined, cards: readonly Card[]): Block => {
    const used = cards.map((card) => columnOf(card));
    return { id, place, from: Math.min(...used), to: Math.max(...used), cards, inner: [] };
  };
  const own = sorted.filter((card) => card.place === network.id);
  const direct = [...Map.groupBy(own, columnOf)].map(([column, cards]) => blockOf(`${network.id} ${column}`, undefined, cards));
  const subnets = drawing.places
    .filter(({ within }) => within === network.id)
    .map((one) => ({ one, cards: sorted.filter((card) => card.place === one.id) }))
    .filter(({ cards }) => cards.length > 0)
    .map(({ one, cards }) => blockOf(one.id, one, cards));
  const inner = [...direct, ...subnets].toSorted((a, b) => a.from - b.from || compare(a.id, b.id));
  const from = Math.min(...inner.map((one) => one.from));
  const to = Math.max(...inner.map((one) => one.to));
  // An empty network is a box at the left.
  const isEmpty = inner.length === 0;
  return {
    id: network.id,
    place: network,
    from: isEmpty ? 0 : from,
    to: isEmpty ? 0 : to,
    cards: inner.flatMap(({ cards }) => cards),
    inner,
  };
}

/** How far down each column is taken. */
class Skyline {
  readonly #bottoms: number[] = [];

  at(from: number, to: number): number {
    let lowest = 0;
    for (let column = from; column <= to; column += 1) lowest = Math.max(lowest, this.#bottoms[column] ?? 0);
    return lowest;
  }

  take(from: number, to: number, bottom: number): void {
    for (let column = from; column <= to; column += 1) this.#bottoms[column] = bottom;
  }
}

function left(column: number): number {
  return pad * 2 + column * (cardWidth + columnGap);
}

/** A network, at the first height at which its columns are free. */
function place(block: Block, skyline: Skyline, setting: Setting): void {
  const top = skyline.at(block.from, block.to);
  const within = new Skyline();
  const start = top + headHeight;
  for (const inner of block.inner) {
    const innerTop = start + within.at(inner.from, inner.to);
    const bottom = placeInner(inner, innerTop, setting);
    within.take(inner.from, inner.to, bottom - start + (inner.place === undefined ? rowGap : placeGap));
  }
  const content = Math.max(within.at(block.from, block.to) - rowGap, 0);
  const height = headHeight + Math.max(content, rowGap) + pad;
  setting.places.set(block.id, around(block, { top, height, margin: pad * 2 }));
  skyline.take(block.from, block.to, top + height + placeGap);
}

/** Answers where it ends. */
function placeInner({ id, place: subnet, from, to, cards }: Block, top: number, { columnOf, cards: boxes, places }: Setting): number {
  const start = top + (subnet === undefined ? 0 : headHeight);
  const bottoms = new Map<number, number>();
  for (const card of cards) {
    const column = columnOf(card);
    const y = bottoms.get(column) ?? start;
    const height = cardHeight(card);
    boxes.set(card.id, { x: left(column), y, width: cardWidth, height });
    bottoms.set(column, y + height + rowGap);
  }
  const bottom = Math.max(...bottoms.values()) - rowGap;
  if (subnet === undefined) return bottom;
  places.set(id, around({ from, to }, { top, height: bottom - top + pad, margin: pad }));
  return bottom + pad;
}

function around(
  { from, to }: Pick<Block, 'from' | 'to'>,
  { top, height, margin }: { readonly top: number; readonly height: number; readonly margin: number },
): Box {
  const x = left(from) - margin;
  return { x, y: top, width: left(to) + cardWidth + margin - x, height };
}

/** What lies in no network: at the height of what leads to it, or below everything in its column. */
function placeOthers(
  cards: readonly Card[],
  { links, skyline, setting }: { readonly links: readonly Link[]; readonly skyline: Skyline; readonly setting: Setting },
): void {
  const around = new Map<string, string[]>();
  for (const { from, to } of links) {
    around.set(to, [...(around.get(to) ?? []), from]);
    around.set(from, [...(around.get(from) ?? []), to]);
  }
  const middle = (card: Card): number => {
    const boxes = (around.get(card.id) ?? []).flatMap((id) => setting.cards.get(id) ?? []);
    if (boxes.length === 0) return Number.MAX_SAFE_INTEGER;
    return boxes.reduce((sum, { y, height }) => sum + y + height / 2, 0) / boxes.length;
  };
  const byColumn = Map.groupBy(cards, (card) => setting.columnOf(card));
  for (const column of [...byColumn.keys()].toSorted((a, b) => a - b)) {
    const meant = byColumn.get(column)!.map((card) => ({ card, middle: middle(card) }));
    meant.sort((a, b) => a.middle - b.middle || compare(a.card.id, b.card.id));
    for (const { card, middle: at } of meant) {
      const height = cardHeight(card);
      const free = skyline.at(column, column);
      const y = at === Number.MAX_SAFE_INTEGER ? free : Math.max(free, at - height / 2);
      setting.cards.set(card.id, { x: left(column), y, width: cardWidth, height });
      skyline.take(column, column, y + height + rowGap);
    }
  }
}
