import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';
import { footingText } from '../continuation.ts';
import { errorCode } from './zone-faults.ts';
import { baseName, readBase } from './zone-folder.ts';

/**
 * Tells a writer of a zone that the pool has something else than it wrote. The base is the pool's word: what it stands for must be a
 * transaction that this writer found or put. Looked at before anything is called durable, it keeps the source from forgetting what the pool
 * would never take.
 */
export class BaseWatch {
  readonly #folder: string;
  readonly #own: { readonly epoch: string; readonly end: number; readonly epochs: ReadonlyMap<number, string | undefined> };
  #seen: string | undefined;

  /** `epoch`: of the writer, whose numbers begin after `end`; `epochs`: who wrote what was there before. */
  constructor(
    folder: string,
    own: { readonly epoch: string; readonly end: number; readonly epochs: ReadonlyMap<number, string | undefined> },
  ) {
    this.#folder = folder;
    this.#own = own;
  }

  /** Costs a look at the file's times where it is the one seen last. Faults: `ZoneMovedOn`. */
  async check(): Promise<void> {
    const stamp = await this.#stamp();
    if (stamp === this.#seen) return;
    const base = await readBase(this.#folder);
    const { epoch, end, epochs } = this.#own;
    const isKnown = base.number > end || epochs.has(base.number);
    const known = base.number > end ? epoch : epochs.get(base.number);
    if (!isKnown || (base.epoch !== undefined && base.epoch !== known))
      throw fault(
        'unreachable',
        'ZoneMovedOn',
        `The pool holds ${footingText(base)} of the landing zone ${this.#folder}, which this worker neither found nor wrote.`,
        { target: this.#folder, remedy: 'Nothing to do: the worker reads the landing zone anew, and the source from what the pool holds.' },
      );
    this.#seen = stamp;
  }

  async #stamp(): Promise<string> {
    try {
      const { ino, mtimeNs, ctimeNs } = await stat(join(this.#folder, baseName), { bigint: true });
      return `${ino} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'none';
      throw error;
    }
  }
}
