import { fault, type Fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { CheckContext } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { type AddressRange, addressText, parseAddress, usable } from './address-range.ts';
import { rangeOfSubnet, type SubnetProperties } from './subnet.ts';

/** One address that a resource wants. */
export interface AddressWish {
  /** Which of the resource's addresses it is: the name of an ip configuration. Unique within the resource, whatever its casing. */
  readonly slot: string;
  /** The subnet's id. */
  readonly subnet: string;
  /** Undefined: any; one that was given before is kept. */
  readonly address: string | undefined;
  /** Where it was asked for, for refusals: `properties.ipConfigurations[0]`. */
  readonly at: string;
}

/** What a resource holds: `outputs.addresses` of it, by slot in lower case. `subnet`: its key. */
export interface Addresses {
  readonly [slot: string]: { readonly subnet: string; readonly address: string };
}

type Holder = Pick<Resource<unknown>, 'id' | 'generation'>;
type Writing = Pick<CheckContext<unknown>, 'id' | 'before' | 'resources'>;

interface SubnetPage {
  /** Address → who holds it. */
  readonly taken: Map<number, string>;
  /** Addresses that were asked for by name a moment ago, and are not claimed yet. */
  readonly wanted: Map<number, { readonly holder: string; readonly generation: number; readonly atMs: number }>;
}

/** A write that was accepted is reconciled long before this. */
const wantedForMs = 10_000;

/**
 * Gives addresses of subnets: never the first four and the last, never one twice, the same as long as it is wanted. What was given lies in
 * the outputs of whoever holds it; the book reads it there once for each subnet, and is then the only one that gives.
 */
export class AddressBook {
  readonly #pages = new Map<string, Promise<SubnetPage>>();
  readonly #held = new Map<string, Map<string, Addresses[string]>>();
  readonly #nowMs: () => number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * Says in the transaction of a write whether `claim` would succeed. Faults (invalid): `PrivateIPAddressNotInSubnet`,
   * `PrivateIPAddressInReservedRange`, `PrivateIPAddressInUse`, `SubnetIsFull`, `InvalidIPAddress`.
   */
  async check({ id, before: old, resources }: Writing, wishes: readonly AddressWish[]): Promise<void> {
    const holder = id.key;
    const generation = (old?.generation ?? 0) + 1;
    const seen = new Set<string>();
    const needed = new Map<string, number>();
    for (const wish of wishes) {
      const subnet = keyOf(wish.subnet);
      const range = await rangeOf(wish, resources);
      const page = await this.#page(subnet, resources);
      const before = this.#held.get(holder)?.get(keyOf(wish.slot));
      if (wish.address !== undefined) {
        const number = staticAddress(wish.address, range, wish);
        const other = await this.#otherHolder(number, page, holder, resources);
        if (other !== undefined || seen.has(`${subnet} ${number}`)) throw inUse(wish, other ?? id.text);
        seen.add(`${subnet} ${number}`);
        page.wanted.set(number, { holder, generation, atMs: this.#nowMs() });
      }
      if (before?.subnet !== subnet && wish.address === undefined) needed.set(subnet, (needed.get(subnet) ?? 0) + 1);
      const { first, last } = usable(range);
      if ((needed.get(subnet) ?? 0) > last - first + 1 - page.taken.size) throw full(wish, range);
    }
  }

  /** Gives `self` what it wants, in place of what it held. Faults: those of `check`. */
  async claim(self: Holder, wishes: readonly AddressWish[], resources: ResourceReader): Promise<Addresses> {
    const turn = this.#turn.then(() => this.#claimNow(self, wishes, resources));
    this.#turn = turn.catch(() => undefined);
    return await turn;
  }

  /** What it held is free again. */
  release(id: string): void {
    void this.#put(keyOf(id), new Map());
    this.#held.delete(keyOf(id));
  }

  async #claimNow(self: Holder, wishes: readonly AddressWish[], resources: ResourceReader): Promise<Addresses> {
    const holder = keyOf(self.id);
    const given = new Map<string, Addresses[string]>();
    const chosen: { readonly page: SubnetPage; readonly number: number }[] = [];
    for (const wish of wishes.toSorted(staticFirst)) {
      const subnet = keyOf(wish.subnet);
      const range = await rangeOf(wish, resources);
      const page = await this.#page(subnet, resources);
      const slot = keyOf(wish.slot);
      const known = this.#held.get(holder)?.get(slot);
      const own = new Set(chosen.filter((one) => one.page === page).map((one) => one.number));
      const kept = known?.subnet === subnet ? known.address : undefined;
      const number = await this.#choose({ wish, range, page, holder, kept, own }, resources);
      chosen.push({ page, number });
      given.set(slot, { subnet, address: addressText(number) });
    }
    // Only now, when nothing can be refused any more.
    for (const { page, number } of chosen) page.taken.set(number, holder);
    await this.#put(holder, given);
    await this.#forgetWanted(holder, self.generation);
    return Object.fromEntries(wishes.map(({ slot }) => [keyOf(slot), given.get(keyOf(slot))!]));
  }

  /** What was asked for later is wanted still. */
  async #forgetWanted(holder: string, generation: number): Promise<void> {
    for (const reading of this.#pages.values()) {
      const { wanted } = await reading;
      for (const [number, one] of wanted) if (one.holder === holder && one.generation <= generation) wanted.delete(number);
    }
  }

  async #choose(choice: Choice, resources: ResourceReader): Promise<number> {
    const { wish, range, page, holder, kept, own } = choice;
    if (wish.address !== undefined) {
      const number = staticAddress(wish.address, range, wish);
      const other = await this.#otherHolder(number, page, holder, resources);
      if (other !== undefined) throw inUse(wish, other);
      return number;
    }
    const { first, last } = usable(range);
    const before = kept === undefined ? undefined : parseAddress(kept, wish.at);
    if (before !== undefined && before >= first && before <= last && page.taken.get(before) === holder && !own.has(before)) return before;
    let spare: number | undefined;
    for (let number = first; number <= last; number += 1) {
      if (page.taken.has(number) || own.has(number)) continue;
      if (!this.#isWanted(page, number, holder)) return number;
      spare ??= number;
    }
    if (spare !== undefined) return spare;
    throw full(wish, range);
  }

  #isWanted(page: SubnetPage, number: number, holder: string): boolean {
    const wanted = page.wanted.get(number);
    if (wanted === undefined || wanted.holder === holder) return false;
    if (this.#nowMs() - wanted.atMs < wantedForMs) return true;
    page.wanted.delete(number);
    return false;
  }

  async #otherHolder(number: number, page: SubnetPage, holder: string, resources: ResourceReader): Promise<string | undefined> {
    for (const other of [page.taken.get(number), page.wanted.get(number)?.holder]) {
      if (other === undefined || other === holder) continue;
      const resource = await resources.get(other);
      if (resource !== undefined) return resource.id;
    }
    return undefined;
  }

  /** From now on the holder holds exactly these. */
  async #put(holder: string, given: Map<string, Addresses[string]>): Promise<void> {
    const before = this.#held.get(holder);
    this.#held.set(holder, given);
    const now = new Set([...given.values()].map(({ subnet, address }) => `${subnet} ${address}`));
    for (const { subnet, address } of before?.values() ?? []) {
      if (now.has(`${subnet} ${address}`)) continue;
      const page = await this.#pages.get(subnet);
      const number = parseAddress(address, subnet);
      if (page?.taken.get(number) === holder) page.taken.delete(number);
    }
  }

  #page(subnet: string, resources: ResourceReader): Promise<SubnetPage> {
    const known = this.#pages.get(subnet);
    if (known !== undefined) return known;
    const page = this.#read(subnet, resources);
    this.#pages.set(subnet, page);
    page.catch(() => this.#pages.delete(subnet));
    return page;
  }

  async #read(subnet: string, resources: ResourceReader): Promise<SubnetPage> {
    const taken = new Map<number, string>();
    for (const id of await resources.referrers(subnet)) {
      const resource = await resources.get(id);
      if (resource === undefined) continue;
      const holder = keyOf(resource.id);
      const held = this.#held.get(holder) ?? new Map<string, Addresses[string]>();
      for (const [slot, one] of Object.entries(addressesOf(resource))) {
        if (one.subnet !== subnet) continue;
        held.set(slot, one);
        taken.set(parseAddress(one.address, subnet), holder);
      }
      this.#held.set(holder, held);
    }
    return { taken, wanted: new Map() };
  }
}

interface Choice {
  readonly wish: AddressWish;
  readonly range: AddressRange;
  readonly page: SubnetPage;
  readonly holder: string;
  readonly kept: string | undefined;
  /** What the same claim has chosen already. */
  readonly own: ReadonlySet<number>;
}

/** What a resource holds by its outputs. */
export function addressesOf({ status }: Pick<Resource<unknown>, 'status'>): Addresses {
  return (status.outputs['addresses'] ?? {}) as JsonObject as unknown as Addresses;
}

/** The address of a slot, if it is of that subnet: what an update asks for elsewhere is not given yet. */
export function addressAt(self: Pick<Resource<unknown>, 'status'>, slot: string, subnet: string): string | undefined {
  const held = addressesOf(self)[keyOf(slot)];
  return held?.subnet === keyOf(subnet) ? held.address : undefined;
}

function staticFirst(a: AddressWish, b: AddressWish): number {
  return Number(a.address === undefined) - Number(b.address === undefined);
}

async function rangeOf({ subnet, at }: AddressWish, resources: ResourceReader): Promise<AddressRange> {
  const found = await resources.get(subnet);
  if (found !== undefined) return rangeOfSubnet(found.properties as unknown as SubnetProperties);
  throw fault('missing', 'SubnetNotFound', `The subnet ${subnet} is not there.`, {
    target: at,
    remedy: 'Create it first, or correct the id.',
  });
}

function staticAddress(text: string, range: AddressRange, { at, subnet }: AddressWish): number {
  const target = `${at}.privateIPAddress`;
  const number = parseAddress(text, target);
  const { first, last } = usable(range);
  const free = `Take one from ${addressText(first)} to ${addressText(last)}.`;
  if (number < range.first || number > range.last)
    throw fault(
      'invalid',
      'PrivateIPAddressNotInSubnet',
      `Private static IP address ${text} does not belong to the range of subnet prefix ${range.text} (${subnet}).`,
      { target, remedy: free },
    );
  if (number < first || number > last)
    throw fault(
      'invalid',
      'PrivateIPAddressInReservedRange',
      `Private static IP address ${text} falls within reserved IP range of subnet prefix ${range.text}.`,
      { target, remedy: `The first four addresses and the last are reserved. ${free}` },
    );
  return number;
}

function inUse({ address, at }: AddressWish, other: string): Fault {
  return fault('invalid', 'PrivateIPAddressInUse', `The private IP address ${address} is already allocated to resource ${other}.`, {
    target: `${at}.privateIPAddress`,
    remedy: 'Choose another address, or leave it out to be given a free one.',
  });
}

function full({ at, subnet }: AddressWish, range: AddressRange): Fault {
  return fault('invalid', 'SubnetIsFull', `The subnet ${subnet} with address prefix ${range.text} has no free IP address left.`, {
    target: at,
    remedy: 'Delete what no longer needs its address, or take a larger subnet.',
  });
}
