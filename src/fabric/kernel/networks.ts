import { hashText } from '../hash.ts';
import { RangePart, type AddressRange } from './address-range.ts';
import type { KernelNic } from './kernel-table.ts';

/** How interfaces of the hub towards workers begin. */
export const nicPrefix = 'w-';

/** A worker's network that is joined to the hub, or about to be. */
export interface WorkerNic extends KernelNic {
  /** The segment's id. */
  readonly of: string;
  /** Whose its connections are from now on. */
  readonly asker: string;
}

/** The networks of workers: which interfaces of the hub lead to them, and who has which address. */
export class WorkerNetworks {
  readonly #addresses: RangePart;
  readonly #nics = new Map<string, WorkerNic>();
  /** By address: also one that is parted, until another has its address. */
  readonly #last = new Map<string, WorkerNic>();
  #begun = 0;

  constructor(range: AddressRange) {
    this.#addresses = new RangePart(range, 'workers');
  }

  get nics(): readonly WorkerNic[] {
    return [...this.#nics.values()];
  }

  /** An interface's name and an address, for a network that is to stand in a segment. Fault: `RangeFull` (conflict). */
  add(of: string, segment: number, asker: string): WorkerNic {
    this.#begun += 1;
    const name = `${nicPrefix}${this.#begun}`;
    const nic = { name, segment, address: this.#addresses.of(name, hashText), of, asker };
    this.#put(nic);
    return nic;
  }

  rename({ name }: WorkerNic, asker: string): void {
    const nic = this.#nics.get(name);
    if (nic !== undefined) this.#put({ ...nic, asker });
  }

  /** Undefined: no worker has, or had, the address. */
  at(address: string): WorkerNic | undefined {
    return this.#last.get(address);
  }

  named(name: string): WorkerNic | undefined {
    return this.#nics.get(name);
  }

  #put(nic: WorkerNic): void {
    this.#nics.set(nic.name, nic);
    this.#last.set(nic.address, nic);
  }

  /** Others may have its address. */
  remove({ name }: WorkerNic): void {
    this.#nics.delete(name);
    this.#addresses.keep(new Set(this.#nics.keys()));
  }
}
