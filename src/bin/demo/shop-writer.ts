import { directDialer } from '#base/dialer.ts';
import { delay } from '#base/service.ts';
import { PgConnection, type PgOptions } from '#replication/sources/postgres/connection.ts';
import { sqlstateOf } from '#replication/sources/postgres/faults.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';

export interface ShopWriter {
  /** Of the shop's database. */
  readonly url: string;
  /** Transactions a second; 0: none. What the server cannot do is left out, not made up for later. */
  readonly rate: number;
  readonly signal: AbortSignal;
  /** Between 0 and 1; given by tests. */
  readonly random?: () => number;
}

/** What is known of the shop to write sensibly. */
export interface ShopBounds {
  readonly customers: number;
  readonly products: number;
}

type Random = (below: number) => number;
type Deed = (random: Random, shop: ShopBounds) => string;

const mostConnections = 8;
const ratePerConnection = 100;
const longestDebtMs = 1_000;

/** Buys, ships, browses and tidies up in the shop at a steady rate until the signal aborts. Faults: those of the connection. */
export async function writeShop(writer: ShopWriter): Promise<void> {
  if (writer.rate <= 0) return;
  const count = Math.min(mostConnections, Math.ceil(writer.rate / ratePerConnection));
  // One that breaks ends them all: the caller starts them again.
  const ends = new AbortController();
  const signal = AbortSignal.any([writer.signal, ends.signal]);
  try {
    await Promise.all(Array.from({ length: count }, () => writeSteadily({ ...writer, signal }, count)));
  } finally {
    ends.abort();
  }
}

/** Options for a connection to the shop; names need no schema there. */
export function shopConnection(url: string): PgOptions {
  return { ...parsePgUrl(url), dialer: directDialer, applicationName: 'shop', settings: { search_path: 'public' } };
}

async function writeSteadily({ url, rate, signal, random = Math.random }: ShopWriter, share: number): Promise<void> {
  const gapMs = (1000 * share) / rate;
  try {
    await using connection = await PgConnection.connect(shopConnection(url), signal);
    const shop = await readBounds(connection);
    const below: Random = (limit) => Math.floor(random() * limit);
    for (let dueMs = performance.now(); !signal.aborted; dueMs += gapMs) {
      const nowMs = performance.now();
      if (dueMs > nowMs) await delay(dueMs - nowMs, signal);
      else dueMs = Math.max(dueMs, nowMs - longestDebtMs);
      await tryDeed(connection, nextDeed(below, shop), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Several statements in one message are one transaction. */
async function tryDeed(connection: PgConnection, sql: string, signal: AbortSignal): Promise<void> {
  try {
    await connection.query(sql, { signal });
  } catch (error) {
    // Two that want the same rows, or a row that exists by now: the server took it back whole, and a shop lives with it.
    if (!/^(23|40)/.test(sqlstateOf(error) ?? '')) throw error;
  }
}

async function readBounds(connection: PgConnection): Promise<ShopBounds> {
  const [row] = await connection.query('SELECT max(customers.id), (SELECT max(products.id) FROM products) FROM customers');
  return { customers: Number(row?.[0]), products: Number(row?.[1]) };
}

const now = `date_trunc('milliseconds', clock_timestamp())`;
/** One of the latest orders mostly, else any. */
const anOrder = (random: Random): string => {
  const from = random(4) > 0 ? 'max(id) - floor(random() * 500)' : 'floor(random() * max(id))';
  return `(SELECT id FROM orders WHERE id >= (SELECT (${from})::bigint FROM orders) ORDER BY id LIMIT 1)`;
};

const placeOrder: Deed = (random, shop) => {
  const products = Array.from({ length: 1 + random(4) }, () => 1 + random(shop.products));
  const warehouse = 1 + random(2);
  // As a subquery it is asked once, and an index can be used.
  const id = `(SELECT currval('orders_id_seq'))`;
  const items = [...new Set(products)].map((product, i) => `(${i + 1}, ${product}, ${1 + random(3)})`).join(', ');
  return `
    INSERT INTO orders (customer_id, status, placed_at, total) VALUES (${1 + random(shop.customers)}, 'placed', ${now}, 0);
    INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
      SELECT ${id}, line, products.id, quantity, price FROM (VALUES ${items}) AS bought (line, product, quantity) JOIN products ON products.id = product;
    UPDATE inventory SET quantity = quantity - 1 WHERE product_id IN (${products.join(', ')}) AND warehouse = ${warehouse};
    UPDATE orders SET total = (SELECT sum(amount) FROM order_items WHERE order_id = ${id}) WHERE id = ${id};`;
};

const pay: Deed = (random) => `
  WITH paid AS (UPDATE orders SET status = 'paid' WHERE status = 'placed' AND id = ${anOrder(random)} RETURNING id, total, customer_id),
    earned AS (UPDATE customers SET loyalty_points = loyalty_points + 1 WHERE id IN (SELECT customer_id FROM paid))
  INSERT INTO payments (id, order_id, method, amount, paid_at, receipt)
    SELECT gen_random_uuid(), id, 'card', total, ${now}, decode(md5(id::text), 'hex') FROM paid;`;

const moveOn: Deed = (random) => `
  UPDATE orders SET shipped_at = CASE status WHEN 'packed' THEN ${now} ELSE shipped_at END,
    status = CASE status WHEN 'paid' THEN 'packed' WHEN 'packed' THEN 'shipped' ELSE 'delivered' END::order_status
  WHERE status IN ('paid', 'packed', 'shipped') AND id = ${anOrder(random)};`;

const cancel: Deed = (random) => `
  UPDATE orders SET status = 'cancelled', note = NULL WHERE status = 'placed' AND id = ${anOrder(random)};
  DELETE FROM orders WHERE status = 'cancelled' AND id = ${anOrder(random)};`;

const browse: Deed = (random, shop) => `
  INSERT INTO page_views (viewed_at, viewed_on, session, customer_id, path, address, stayed)
    SELECT at, (at AT TIME ZONE 'UTC')::date, session, ${1 + random(shop.customers)}, '/p/' || n, '2001:db8::${(1 + random(9999)).toString(16)}', n * interval '1.5 seconds'
    FROM (SELECT ${now} AS at, gen_random_uuid() AS session) AS visit, generate_series(1, ${1 + random(8)}) AS n;`;

const join: Deed = (random) => `
  INSERT INTO customers (email, full_name, preferences) VALUES ('new' || gen_random_uuid() || '@example.com', 'Dorothée Vaughan', '{"language": "fr"}');
  INSERT INTO addresses (customer_id, street, city, postcode, country, is_default)
    SELECT currval('customers_id_seq'), 'Rue du Marché ' || ${1 + random(99)}, 'Liège', '4000', 'BE', n = 1 FROM generate_series(1, ${1 + random(2)}) AS n;`;

const moveHouse: Deed = (random, shop) => `
  DELETE FROM addresses WHERE NOT is_default AND customer_id = ${1 + random(shop.customers)};
  UPDATE addresses SET street = 'Calle Nueva ' || ${random(500)} WHERE is_default AND customer_id = ${1 + random(shop.customers)};`;

const reprice: Deed = (random, shop) => `
  UPDATE products SET price = greatest(0.99, round(price * ${90 + random(21)} / 100, 2)), tags = array_append(tags[1:3], 'sale'),
    attributes = jsonb_set(attributes, '{warranty_years}', '${random(6)}'), updated_at = ${now}
  WHERE id = ${1 + random(shop.products)};`;

/** Long bodies lie apart from their row, and are not sent again when only the counter changes. */
const review: Deed = (random, shop) => `
  INSERT INTO reviews (product_id, customer_id, rating, body)
    VALUES (${1 + random(shop.products)}, ${1 + random(shop.customers)}, ${1 + random(5)}, (SELECT string_agg(md5(random()::text), ' ') FROM generate_series(1, ${1 + random(250)})))
    ON CONFLICT (product_id, customer_id) DO UPDATE SET rating = excluded.rating;
  UPDATE reviews SET helpful = helpful + 1 WHERE product_id = ${1 + random(shop.products)};`;

/** Moves stock to another warehouse: rows whose key changes. */
const restock: Deed = (random, shop) => {
  const product = 1 + random(shop.products);
  return `
    UPDATE inventory SET warehouse = warehouse + 10, counted_at = ${now}::timestamp WHERE product_id = ${product} AND warehouse <= 2;
    UPDATE inventory SET warehouse = 13 - warehouse, quantity = quantity + ${random(50)} WHERE product_id = ${product} AND warehouse > 10;`;
};

const giveUp: Deed = (random, shop) => `
  BEGIN; UPDATE customers SET loyalty_points = 0 WHERE id = ${1 + random(shop.customers)}; DELETE FROM reviews WHERE product_id = ${1 + random(shop.products)}; ROLLBACK;`;

/** How often each is done, as parts of the whole. */
const deeds: readonly (readonly [parts: number, deed: Deed])[] = [
  [30, placeOrder],
  [18, pay],
  [18, moveOn],
  [3, cancel],
  [15, browse],
  [3, join],
  [2, moveHouse],
  [4, reprice],
  [4, review],
  [2, restock],
  [1, giveUp],
];
const allParts = deeds.reduce((sum, [parts]) => sum + parts, 0);

/** The statements of one transaction. */
export function nextDeed(random: Random, shop: ShopBounds): string {
  let left = random(allParts);
  for (const [parts, deed] of deeds) {
    if (left < parts) return deed(random, shop);
    left -= parts;
  }
  return browse(random, shop);
}
