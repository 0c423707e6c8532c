import { LandingZone } from '#replication/landing-zone/landing-zone.ts';
import { at, int64, rows, schemaOf, segment, shape, text } from '#replication/sample-steps.contract.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft } from '#replication/segment.ts';

/**
 * A landing zone that is filled for tests: transaction n sets the one row of table `left` and of table `right` of the link's schema to n, and adds
 * row n to table `log`. Whoever sees left and right apart has seen half a transaction; what is lost or doubled shows in the log.
 */
export class CountingZone implements AsyncDisposable {
  readonly landing: string;
  readonly #zone: LandingZone;
  readonly #tables: readonly [TableSchema, TableSchema, TableSchema];
  readonly #padding: string;
  #last = 0;

  private constructor(landing: string, zone: LandingZone, schema: string, padding: number) {
    this.landing = landing;
    this.#zone = zone;
    this.#padding = 'x'.repeat(padding);
    const make = (name: string): TableSchema => ({
      ...schemaOf(name, [
        ['id', int64],
        ['n', int64],
        ['padding', text],
      ]),
      placement: { schema, name, onExisting: 'fail-if-not-empty' },
    });
    this.#tables = [make('left'), make('right'), make('log')];
  }

  /** `padding`: characters in each row beside its number. */
  static async open(landing: string, schema: string, padding = 0): Promise<CountingZone> {
    return new CountingZone(landing, await LandingZone.open({ folder: landing, maxBytes: 2 ** 31 }), schema, padding);
  }

  /** Transactions put. */
  get count(): number {
    return this.#last;
  }

  /** Puts so many transactions more. */
  async put(count: number): Promise<void> {
    for (let i = 0; i < count; i++) for (const draft of this.#transaction(++this.#last)) await this.#zone.put(draft);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#zone[Symbol.asyncDispose]();
  }

  /** Every third comes in two parts. */
  #transaction(n: number): readonly Draft[] {
    const [left, right, log] = this.#tables;
    const first = n === 1 ? this.#tables.map((schema) => shape(schema)) : [];
    const set = (schema: TableSchema) => rows(schema, { removes: n === 1 ? [] : [[0]], inserts: [[0, n, this.#padding]] });
    const end = [set(right), rows(log, { inserts: [[n, n, this.#padding]] })];
    const whole = { position: at(n), committedAt: BigInt(Date.now()) * 1_000n };
    if (n % 3 > 0) return [segment(0, [...first, set(left), ...end], whole)];
    return [segment(0, [...first, set(left)], { last: false }), segment(0, end, { ...whole, first: false })];
  }
}

/** Of a link's schema: left, right, rows of the log, different rows of the log, the highest. */
export function countingSql(schema: string): string {
  return `SELECT (SELECT n FROM ${schema}."left"), (SELECT n FROM ${schema}."right"), count(*), count(DISTINCT n), max(n) FROM ${schema}.log`;
}
