import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';
import { FrameSplitter } from '#wire/pg/frames.ts';

interface Spooled {
  readonly path: string;
  readonly file: number;
  /** Not yet written. */
  parts: Uint8Array[];
  bytes: number;
  readonly aborted: Set<number>;
}

const memoryBytes = 1024 * 1024;
const longestFrameBytes = 0x4000_0000;

/** Keeps the messages of large transactions that are streamed before they are committed, on disk, each transaction in a file of its own. */
export class Spool {
  readonly #parent: string;
  #folder: string | undefined;
  readonly #open = new Map<number, Spooled>();

  /** `parent`: the folder in which a private folder is made when the first transaction comes. */
  constructor(parent: string) {
    this.#parent = parent;
  }

  begin(xid: number): void {
    if (this.#open.has(xid)) return;
    this.#folder ??= mkdtempSync(join(this.#parent, 'isthmus-spool-'));
    const path = join(this.#folder, String(xid));
    this.#open.set(xid, { path, file: openSync(path, 'w', 0o600), parts: [], bytes: 0, aborted: new Set() });
  }

  /** One whole CopyData message with its header. Fault: `unreachable` (`SpoolFull`) when the disk takes no more. */
  append(xid: number, message: Uint8Array): void {
    const spooled = this.#of(xid);
    spooled.parts.push(message.slice());
    spooled.bytes += message.length;
    if (spooled.bytes >= memoryBytes) this.#write(spooled);
  }

  /** A part of the transaction, or all of it, is void. */
  abort(xid: number, subXid: number): void {
    if (xid === subXid) this.drop(xid);
    else this.#open.get(xid)?.aborted.add(subXid);
  }

  aborted(xid: number): ReadonlySet<number> {
    return this.#of(xid).aborted;
  }

  /** The transaction's messages, in buffers of whole ones. */
  async *read(xid: number): AsyncGenerator<Uint8Array> {
    const spooled = this.#of(xid);
    this.#write(spooled);
    const splitter = new FrameSplitter(longestFrameBytes);
    for await (const chunk of createReadStream(spooled.path, { highWaterMark: 256 * 1024 })) {
      splitter.push(chunk as Uint8Array);
      for (let run = splitter.next(); run; run = splitter.next()) yield run.bytes;
    }
  }

  drop(xid: number): void {
    const spooled = this.#open.get(xid);
    if (!spooled) return;
    this.#open.delete(xid);
    closeSync(spooled.file);
    rmSync(spooled.path, { force: true });
  }

  [Symbol.dispose](): void {
    for (const xid of this.#open.keys()) this.drop(xid);
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #of(xid: number): Spooled {
    const spooled = this.#open.get(xid);
    if (!spooled) throw fault('corrupt', 'StreamUnknown', 'The source went on with a streamed transaction that it had not begun.');
    return spooled;
  }

  #write(spooled: Spooled): void {
    try {
      for (const part of spooled.parts) for (let at = 0; at < part.length;) at += writeSync(spooled.file, part, at);
    } catch (cause) {
      throw fault('unreachable', 'SpoolFull', 'A large transaction could not be kept on disk until its commit.', {
        target: this.#parent,
        remedy: 'Free space there, or raise logical_decoding_work_mem at the source so that it is kept there.',
        cause,
      });
    }
    spooled.parts = [];
    spooled.bytes = 0;
  }
}
