import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlPlane } from '../test/e2e/control-plane.ts';
import { type Benchmark, counted, type Measure, median, round } from './benchmark.ts';
import { httpRequest, requestsPerSecond } from './https-load.ts';
import { scaled, type Workplace } from './workplace.ts';

const connections = 16;
const seconds = 4;
const version = 'api-version=2025-05-01';

interface Side {
  readonly port: number;
  readonly path: (number: number) => string;
}

/** What is put and got: a virtual network with two subnets' worth of members. */
function networkBody(number: number): string {
  return JSON.stringify({
    location: 'westeurope',
    tags: { number: String(number), owner: 'bench' },
    properties: { addressSpace: { addressPrefixes: [`10.${number % 250}.0.0/16`] } },
  });
}

export const arm: Benchmark = {
  name: 'arm-put-get',
  about: `Authorised GET and durable PUT of a resource over HTTPS keep-alive, ${connections} connections, against a bare fastify route that parses the same JSON; and how a group of many resources behaves`,
  run: async (place) => {
    await using plane = await ControlPlane.start(undefined, false);
    const bare = fork(join(import.meta.dirname, 'bare-server.ts'), [plane.folder], { execArgv: [] });
    try {
      const port = await new Promise<number>((settle) => void bare.once('message', (message) => settle(message as number)));
      const network = (number: number): string =>
        `${plane.group('speed')}/providers/Microsoft.Network/virtualNetworks/n${number % 64}?${version}`;
      await plane.ask({ method: 'PUT', path: plane.group('speed'), body: { location: 'westeurope' } });
      const ours: Side = { port: Number(new URL(plane.arm).port), path: network };
      const limit: Side = { port, path: (number) => `/things/n${number % 64}` };
      const token = await plane.token();
      const gets: [number, number][] = [];
      const puts: [number, number][] = [];
      for (let i = 0; i < place.rounds; i++) {
        puts.push([await rate(plane, ours, token, 'PUT'), await rate(plane, limit, token, 'PUT')]);
        gets.push([await rate(plane, ours, token, 'GET'), await rate(plane, limit, token, 'GET')]);
        place.say(`arm-put-get: GET ${shown(gets.at(-1)!)}, PUT ${shown(puts.at(-1)!)}`);
      }
      return [perSecond('GET', gets, 0.5), perSecond('PUT', puts, 0.25), ...(await many(place, plane))];
    } finally {
      bare.kill('SIGKILL');
      plane.forget();
    }
  },
};

function rate(plane: ControlPlane, side: Side, token: string, method: 'GET' | 'PUT'): Promise<number> {
  const host = `localhost:${side.port}`;
  return requestsPerSecond({
    host: 'localhost',
    port: side.port,
    ca: readFileSync(plane.ca, 'utf8'),
    connections,
    seconds,
    request: (number) =>
      httpRequest({ method, path: side.path(number), host, token, ...(method === 'PUT' ? { body: networkBody(number) } : {}) }),
    expected: [200, 201],
  });
}

function shown([ours, limit]: readonly [number, number]): string {
  return `${ours.toFixed(0)}/s of ${limit.toFixed(0)}/s (${(ours / limit).toFixed(2)})`;
}

function perSecond(method: string, pairs: readonly (readonly [number, number])[], atLeast: number): Measure {
  return {
    what: `${method} ÷ bare fastify route`,
    unit: '1/s',
    ours: round(median(pairs.map((pair) => pair[0]))),
    reference: round(median(pairs.map((pair) => pair[1]))),
    ratio: round(median(pairs.map(([ours, limit]) => ours / limit))),
    target: { ratioAtLeast: atLeast },
    runs: pairs.map(([ours, limit]) => [round(ours), round(limit)] as const),
  };
}

/** One group that grows: what a page of its list, a GET and a start cost. */
async function many(place: Workplace, before: ControlPlane): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  let plane = before;
  let made = 0;
  await plane.ask({ method: 'PUT', path: plane.group('many'), body: { location: 'westeurope' } });
  for (const count of [scaled(place, 100, 10), scaled(place, 1_000, 20), scaled(place, 10_000, 40)]) {
    const begun = performance.now();
    const from = made;
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (made < count) {
          const number = made++;
          await plane.ask({
            method: 'PUT',
            path: `${plane.group('many')}/providers/Microsoft.Network/virtualNetworks/n${number}`,
            body: networkBody(number),
          });
        }
      }),
    );
    const settledMs = performance.now() - begun;
    await plane[Symbol.asyncDispose]();
    const startedMs = performance.now();
    plane = await ControlPlane.start(plane.folder, false);
    const startMs = performance.now() - startedMs;
    const listMs = await timed(20, () => plane.ask({ path: `${plane.group('many')}/resources?$top=100` }));
    const getMs = await timed(50, () => plane.ask({ path: `${plane.group('many')}/providers/Microsoft.Network/virtualNetworks/n0` }));
    place.say(`arm-put-get: ${count} resources: page ${listMs.toFixed(1)} ms, GET ${getMs.toFixed(2)} ms, start ${startMs.toFixed(0)} ms`);
    measures.push(
      counted(`${count} resources in a group: page of 100`, 'ms', [listMs]),
      counted(`${count} resources in a group: GET`, 'ms', [getMs]),
      counted(`${count} resources in a group: start of isthmus up until ready`, 'ms', [startMs]),
      counted(`${count} resources: made and settled, each`, 'ms', [settledMs / (count - from)]),
    );
  }
  await plane[Symbol.asyncDispose]();
  return measures;
}

async function timed(times: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  const runs: number[] = [];
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await work();
    runs.push(performance.now() - begun);
  }
  return median(runs);
}
