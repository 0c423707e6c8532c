import { hashText } from '../hash.ts';
import { RangePart, type AddressRange } from './address-range.ts';
import type { KernelNic } from './kernel-table.ts';

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
  /** Whose connections come from an address: also of one that is parted, until another has it. */
  readonly #askers = new Map<string, string>();
  /** Names of interfaces by the address behind them. */
  readonly #behind = new Map<string, string>();
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
    const name = `w-${this.#begun}`;
    const nic = { name, segment, address: this.#addresses.of(name, hashText), of, asker };
    this.#nics.set(name, nic);
    this.#behind.set(nic.address, name);
    this.#askers.set(nic.address, asker);
    return nic;
  }

  rename({ name }: WorkerNic, asker: string): void {
    const nic = this.#nics.get(name);
    if (nic === undefined) return;
    this.#nics.set(name, { ...nic, asker });
    this.#askers.set(nic.address, asker);
  }

  /** Undefined: it comes from no worker. */
  askerAt(address: string): string | undefined {
    return this.#askers.get(address);
  }

  /** The one that has an address. */
  at(address: string): WorkerNic | undefined {
    return this.#nics.get(this.#behind.get(address) ?? '');
  }

  /** Others may have its address. */
  remove({ name, address }: WorkerNic): void {
    this.#nics.delete(name);
    this.#behind.delete(address);
    this.#addresses.keep(new Set(this.#nics.keys()));
  }
}
