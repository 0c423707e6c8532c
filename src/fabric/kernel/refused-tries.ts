import type { Listed } from './hub.ts';

/**
 * `tried`: no door is for it. `unbacked`: nothing takes it behind its door. `strayed`: it was not sent from the network's own address. `crowded`: its
 * network has as many connections as it may.
 */
export const tryKinds = ['tried', 'unbacked', 'strayed', 'crowded'] as const;
type TryKind = (typeof tryKinds)[number];

/** What an attached network sent to one place and what was not let through, since the last look. */
export interface RefusedTry {
  readonly kind: TryKind;
  /** The hub's interface that it came from. */
  readonly nic: string;
  readonly host: string;
  /** 0: it was neither TCP nor UDP. */
  readonly port: number;
  /** In packets: of TCP one for each connection that was asked for. */
  readonly count: number;
}

/** What came between two looks. */
export interface Refused {
  readonly tries: readonly RefusedTry[];
  /** All packets of each interface. */
  readonly byNic: ReadonlyMap<string, number>;
  /** Connections of programs of the host that found no backend, by endpoint's number. */
  readonly byLink: ReadonlyMap<number, number>;
}

/** The hub's questions to the kernel. */
export interface RefusedReads {
  readonly set: (name: string) => Promise<Listed>;
  readonly setNow: (name: string) => Listed;
  /** Packets of IPv6 that came from an interface: thrown away before any rule. */
  readonly sixes: (nic: string) => number;
}

/** One of them moves with each. */
const signs = ['nic_refused', 'crowded', 'link_refused'] as const;
const others = ['tried', 'unbacked', 'strayed'] as const;
type Sets = Readonly<Record<(typeof signs | typeof others)[number], Listed>>;

/** Tells what is new among the kernel's counts of what it refused. */
export class RefusedTries {
  readonly #reads: RefusedReads;
  readonly #before = new Map<string, number>();
  #packets = '';
  /** Looks so far: one that another overtook tells nothing. */
  #looks = 0;

  constructor(reads: RefusedReads) {
    this.#reads = reads;
  }

  /** What is new since the last time, for the interfaces that are there. Costs a few small questions where nothing is. */
  async take(nics: readonly string[]): Promise<Refused> {
    const look = (this.#looks += 1);
    // Where no network is attached only programs of the host are refused.
    const isAsked = (name: string): boolean => nics.length > 0 || name === 'link_refused';
    const first = await Promise.all(signs.map(async (name) => (isAsked(name) ? await this.#reads.set(name) : [])));
    const sixes = this.#sixes(nics);
    const packets = sumOf(first);
    if (packets === this.#packets) return only(sixes);
    const rest = await Promise.all(others.map((name) => this.#reads.set(name)));
    if (look !== this.#looks) return only(sixes);
    this.#packets = packets;
    return this.#news(setsOf([...first, ...rest]), sixes);
  }

  /** The same, at once. */
  takeNow(nics: readonly string[]): Refused {
    this.#looks += 1;
    const first = signs.map((name) => this.#reads.setNow(name));
    const packets = sumOf(first);
    if (packets === this.#packets) return only(this.#sixes(nics));
    this.#packets = packets;
    return this.#news(setsOf([...first, ...others.map((name) => this.#reads.setNow(name))]), this.#sixes(nics));
  }

  #news(sets: Sets, sixes: readonly RefusedTry[]): Refused {
    const seen = new Set<string>();
    const more = (key: string, count: number): number => {
      seen.add(key);
      return this.#more(key, count);
    };
    const tries = tryKinds.flatMap((kind) =>
      sets[kind].flatMap(({ key, packets }): readonly RefusedTry[] => {
        const [nic, host, port] = key as readonly [string, string, number];
        const count = more(`${kind} ${key.join(' ')}`, packets);
        return count === 0 ? [] : [{ kind, nic, host, port, count }];
      }),
    );
    // These two are not among what `nic_refused` counts.
    const byNic = countsOf([...sixes, ...tries.filter(({ kind }) => kind === 'crowded')]);
    for (const { key, packets } of sets.nic_refused) {
      const nic = String(key[0]);
      byNic.set(nic, (byNic.get(nic) ?? 0) + more(`nic ${nic}`, packets));
    }
    const byLink = new Map<number, number>();
    for (const { key, packets } of sets.link_refused) {
      const count = more(`link ${key[0]}`, packets);
      if (count > 0) byLink.set(Number(key[0]), count);
    }
    // The kernel has forgotten them: should they come again they begin at 0.
    for (const key of this.#before.keys()) if (!seen.has(key) && !key.startsWith('six ')) this.#before.delete(key);
    return { tries: [...tries, ...sixes], byNic, byLink };
  }

  #sixes(nics: readonly string[]): readonly RefusedTry[] {
    return nics.flatMap((nic): readonly RefusedTry[] => {
      const count = this.#more(`six ${nic}`, this.#reads.sixes(nic));
      return count === 0 ? [] : [{ kind: 'strayed', nic, host: '::', port: 0, count }];
    });
  }

  /** An element that was made anew counts from 0. */
  #more(key: string, count: number): number {
    const before = this.#before.get(key) ?? 0;
    if (count === 0) this.#before.delete(key);
    else this.#before.set(key, count);
    return count < before ? count : count - before;
  }
}

/** Nothing else is new. */
function only(sixes: readonly RefusedTry[]): Refused {
  return { tries: sixes, byNic: countsOf(sixes), byLink: new Map() };
}

/** Sets in the order of `signs` and `others`. */
function setsOf(all: readonly Listed[]): Sets {
  return Object.fromEntries([...signs, ...others].map((name, at) => [name, all[at]])) as unknown as Sets;
}

function sumOf(sets: readonly Listed[]): string {
  return sets.map((set) => set.reduce((sum, { packets }) => sum + packets, 0)).join(' ');
}

function countsOf(tries: readonly RefusedTry[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { nic, count } of tries) counts.set(nic, (counts.get(nic) ?? 0) + count);
  return counts;
}
