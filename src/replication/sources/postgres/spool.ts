import { closeSync, createReadStream, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fault, type Fault } from '#base/fault.ts';
import { FrameSplitter } from '#wire/pg/frames.ts';

interface Spooled {
  readonly path: string;
  readonly file: number;
  /** The last messages, where they lie: those that follow each other in one buffer are kept as one run. */
  source: Uint8Array;
  from: number;
  to: number;
  /** Not yet written, before the run. */
  readonly gathered: Uint8Array;
  gatheredBytes: number;
  readonly aborted: Set<number>;
}

const gatherBytes = 256 * 1024;
const nothing = new Uint8Array(0);
const longestFrameBytes = 0x4000_0000;

/** Keeps the messages of large transactions that are streamed before they are committed, on disk, each transaction in a file of its own. */
export class Spool {
  readonly #parent: string;
  readonly #prefix: string;
  #folder: string | undefined;
  readonly #open = new Map<number, Spooled>();

  /**
   * `parent`: the folder in which a private folder is made when the first transaction comes. `slot`: the replication slot, which only one process
   * reads at a time; what an earlier one that was killed has left there of it is removed then.
   */
  constructor(parent: string, slot: string) {
    this.#parent = parent;
    this.#prefix = `isthmus-spool-${slot}-`;
  }

  /** Fault: `unreachable` (`SpoolFull`) when the folder takes no file. */
  begin(xid: number): void {
    if (this.#open.has(xid)) return;
    const { path, file } = this.#openFile(xid);
    this.#open.set(xid, {
      path,
      file,
      source: nothing,
      from: 0,
      to: 0,
      gathered: new Uint8Array(gatherBytes),
      gatheredBytes: 0,
      aborted: new Set(),
    });
  }

  /**
   * One whole CopyData message with its header, `bytes[from .. to]`, which must not change afterwards.
   * Fault: `unreachable` (`SpoolFull`) when the disk takes no more.
   */
  append(xid: number, bytes: Uint8Array, from: number, to: number): void {
    const spooled = this.#of(xid);
    if (spooled.source !== bytes || spooled.to !== from) {
      this.#gather(spooled);
      spooled.source = bytes;
      spooled.from = from;
    }
    spooled.to = to;
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
    this.#gather(spooled);
    this.#flush(spooled);
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

  #openFile(xid: number): { readonly path: string; readonly file: number } {
    try {
      this.#folder ??= this.#makeFolder();
      const path = join(this.#folder, String(xid));
      return { path, file: openSync(path, 'w', 0o600) };
    } catch (cause) {
      throw this.#full(cause);
    }
  }

  #makeFolder(): string {
    const left = readdirSync(this.#parent).filter((name) => name.startsWith(this.#prefix));
    for (const name of left) rmSync(join(this.#parent, name), { recursive: true, force: true });
    return mkdtempSync(join(this.#parent, this.#prefix));
  }

  #of(xid: number): Spooled {
    const spooled = this.#open.get(xid);
    if (!spooled) throw fault('corrupt', 'StreamUnknown', 'The source went on with a streamed transaction that it had not begun.');
    return spooled;
  }

  /** Takes the run away from its buffer: short ones are copied together, so that few writes do. */
  #gather(spooled: Spooled): void {
    const run = spooled.source.subarray(spooled.from, spooled.to);
    spooled.source = nothing;
    spooled.from = spooled.to = 0;
    if (spooled.gatheredBytes + run.length > gatherBytes) this.#flush(spooled);
    if (run.length > gatherBytes) return this.#write(spooled.file, run);
    spooled.gathered.set(run, spooled.gatheredBytes);
    spooled.gatheredBytes += run.length;
  }

  #flush(spooled: Spooled): void {
    this.#write(spooled.file, spooled.gathered.subarray(0, spooled.gatheredBytes));
    spooled.gatheredBytes = 0;
  }

  #write(file: number, bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    } catch (cause) {
      throw this.#full(cause);
    }
  }

  #full(cause: unknown): Fault {
    return fault('unreachable', 'SpoolFull', 'A large transaction could not be kept on disk until its commit.', {
      target: this.#parent,
      remedy:
        'Check that the folder is there, writable and has room; or raise logical_decoding_work_mem at the source so that less is kept here.',
      cause,
    });
  }
}
