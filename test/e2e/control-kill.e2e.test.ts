import { expect, test } from 'vitest';
import { ControlPlane } from './control-plane.ts';
import { until } from './program.ts';

const rounds = Number(process.env['ISTHMUS_KILL_ROUNDS'] ?? 3);
const writesPerRound = 200;
const writers = 8;

interface Expected {
  /** The last value that was acknowledged; undefined: its deletion was. */
  readonly value: string | undefined;
  /** Values of writes that were under way when the process died: any of them may have come through. */
  readonly maybe: readonly (string | undefined)[];
}

/** Random writes until `enough` are acknowledged or the program is gone; what must be there afterwards. */
class Work {
  readonly expected = new Map<string, Expected>();
  readonly operations = new Set<string>();
  acknowledged = 0;
  readonly #plane: () => ControlPlane;
  #number = 0;

  constructor(plane: () => ControlPlane) {
    this.#plane = plane;
  }

  /** One client. It owns its names, so the order of its writes is the order at the server. */
  async client(client: number, enough: () => boolean): Promise<void> {
    while (!enough()) {
      const name = `net-${client}-${Math.floor(Math.random() * 12)}`;
      const isDelete = Math.random() < 0.2;
      const value = isDelete ? undefined : `${this.#number++}`;
      const before = this.expected.get(name) ?? { value: undefined, maybe: [] };
      this.expected.set(name, { ...before, maybe: [...before.maybe, value] });
      try {
        const answer = await this.#plane().ask(write(this.#plane(), name, value));
        if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${answer.text}`);
        const operation = answer.headers['azure-asyncoperation'] ?? answer.headers['location'];
        if (typeof operation === 'string') this.operations.add(new URL(operation).pathname + new URL(operation).search);
        this.expected.set(name, { value, maybe: [] });
        this.acknowledged += 1;
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error;
        return;
      }
    }
  }

  /** What differs from what was acknowledged. */
  async lost(): Promise<readonly string[]> {
    const plane = this.#plane();
    const lost: string[] = [];
    for (const [name, { value, maybe }] of this.expected) {
      const answer = await plane.ask({ path: `${plane.group('kill')}/providers/Microsoft.Network/virtualNetworks/${name}` });
      const found = answer.status === 404 ? undefined : (answer.json.tags?.value as string);
      if (found !== value && !maybe.includes(found)) lost.push(`${name}: ${found} instead of ${value}`);
      this.expected.set(name, { value: found, maybe: [] });
    }
    return lost;
  }
}

function write(plane: ControlPlane, name: string, value: string | undefined): { method: string; path: string; body?: unknown } {
  const path = `${plane.group('kill')}/providers/Microsoft.Network/virtualNetworks/${name}`;
  if (value === undefined) return { method: 'DELETE', path };
  const octet = Number(value) % 250;
  const properties = {
    addressSpace: { addressPrefixes: [`10.${octet}.0.0/16`] },
    subnets: [{ name: 's', properties: { addressPrefix: `10.${octet}.1.0/24` } }],
  };
  return { method: 'PUT', path, body: { location: 'westeurope', tags: { value }, properties } };
}

/** What did not end as it should. */
async function endings(plane: ControlPlane, operations: ReadonlySet<string>): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const path of operations) {
    const ended = await until(`the operation ${path} ends`, async () => {
      const answer = await plane.ask({ path });
      return answer.status !== 202 && answer.json?.status !== 'InProgress' && answer;
    });
    if (ended.status >= 300 || (ended.json?.status ?? 'Succeeded') !== 'Succeeded') wrong.push(`${path}: ${ended.status} ${ended.text}`);
  }
  return wrong;
}

test(
  `kill -9 during random writes, ${rounds} rounds: every acknowledged write is there, every operation answers, all settle`,
  { timeout: 600_000 },
  async () => {
    let plane = await ControlPlane.start();
    const { folder } = plane;
    const work = new Work(() => plane);
    try {
      await plane.ask({ method: 'PUT', path: plane.group('kill'), body: { location: 'westeurope' } });
      for (let round = 0; round < rounds; round++) {
        const from = work.acknowledged;
        const killAt = from + Math.floor(Math.random() * writesPerRound);
        const group = `long-${round}`;
        await plane.ask({ method: 'PUT', path: plane.group(group), body: { location: 'westeurope' } });
        for (let i = 0; i < 5; i++)
          await plane.ask({
            method: 'PUT',
            path: `${plane.group(group)}/providers/Microsoft.Network/virtualNetworks/v${i}`,
            body: { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.0.0.0/8'] } } },
          });
        const deletion = await plane.ask({ method: 'DELETE', path: plane.group(group) });
        expect(deletion.status).toBe(202);
        const { pathname, search } = new URL(String(deletion.headers['location']));
        work.operations.add(pathname + search);
        let dead = false;
        const running = Array.from({ length: writers }, (_, client) => work.client(client, () => dead));
        await until('writes', () => work.acknowledged >= killAt);
        await plane[Symbol.asyncDispose]();
        dead = true;
        await Promise.all(running);
        plane = await ControlPlane.start(folder);
        expect(await work.lost()).toEqual([]);
        await until('everything settles', async () => {
          const { json } = await plane.ask({ path: `/subscriptions/${plane.subscription}/resources?$top=1000` });
          const states = (json.value as { id: string }[]).map(
            async ({ id }) => (await plane.ask({ path: id })).json?.properties?.provisioningState as string,
          );
          return (await Promise.all(states)).every((state) => state === undefined || state === 'Succeeded');
        });
        expect(await endings(plane, work.operations)).toEqual([]);
        expect((await plane.ask({ path: plane.group(group) })).status).toBe(404);
      }
    } finally {
      await plane[Symbol.asyncDispose]();
      plane.forget();
    }
  },
);
