import type { ArmClient } from '#arm/client.ts';
import { objectOf, textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { fault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import {
  consumerSide,
  linkConnection,
  linkedService,
  providerSide,
  shopPaths,
  shopPort,
  type ShopPaths,
  type ShopResource,
} from './shop-resources.ts';

export interface ShopSetup {
  readonly arm: ArmClient;
  readonly subscription: string;
  /** Of the database, as this host reaches it. */
  readonly source: { readonly url: string; readonly password: string };
  readonly memoryMb: number;
  /** Whether everything is copied anew. */
  readonly resync: boolean;
  readonly signal: AbortSignal;
  /** One sentence for whoever waits. */
  readonly onStep: (text: string) => void;
}

const askEveryMs = 300;
/** A probe asks every five seconds, twice. */
const probeEveryMs = 1_000;
const mostTries = 20;
const runtime = 'integrationRuntimes/AutoResolveIntegrationRuntime';

/**
 * Makes everything that the demo's link needs, through the interface that anybody has, and starts the link. What is there already is left as it
 * is, so that it can be run again after whatever ended it, and what was decided by others stays.
 * Faults: those of the server; `ShopNotReached` (unreachable) where the connection is tested in vain.
 */
export async function setUpShop(setup: ShopSetup): Promise<void> {
  const paths = shopPaths(setup.subscription);
  for (const one of providerSide(paths)) await make(setup, one);
  await forward(setup, paths);
  for (const one of consumerSide(paths, setup.memoryMb)) await make(setup, one);
  await approve(setup, paths);
  const { username, pathname } = new URL(setup.source.url);
  const login = { user: username, password: setup.source.password, database: pathname.slice(1) };
  const isNew = await make(setup, linkedService(paths, login));
  if (isNew || (await find(setup, paths.link)) === undefined) {
    await testConnection(setup, paths);
    await make(setup, linkConnection(paths, await browse(setup, paths)));
  }
  await start(setup, paths);
}

function find({ arm, signal }: ShopSetup, path: string): Promise<JsonObject | undefined> {
  return arm.find(path, { signal });
}

/** Answers whether it was made. */
async function make(setup: ShopSetup, { says, path, body }: ShopResource): Promise<boolean> {
  const there = await find(setup, path);
  const state = textOf(objectOf(there?.['properties'])['provisioningState']);
  if (there !== undefined && (state === undefined || state === 'Succeeded')) return false;
  setup.onStep(`making ${says}`);
  await setup.arm.put(path, body, { signal: setup.signal });
  return true;
}

/** The tutorial's script, which replaces what leads elsewhere: the database may have another port than before. */
async function forward({ arm, source, signal, onStep }: ShopSetup, { forwarder }: ShopPaths): Promise<void> {
  const { hostname, port } = new URL(source.url);
  const command = `sudo ./ip_fwd.sh -i eth0 -f ${shopPort} -a ${hostname} -b ${port}`;
  const answer = await arm.post(`${forwarder}/runCommand`, { commandId: 'RunShellScript', script: [command] }, { signal });
  const message = textOf(objectOf(listOf(answer['value'])[0])['message']) ?? '';
  if (/already installed/.test(message)) return;
  onStep(`on the forwarder: ${command}`);
  if (/Enable failed/.test(message))
    throw fault('conflict', 'ForwarderRefused', `The forwarder does not forward: ${message.replaceAll(/\s+/g, ' ').slice(0, 300)}`, {
      target: forwarder,
      remedy: 'See the rules of the forwarder with iptables -t nat -L PREROUTING.',
    });
}

/** As the owner of the service: only what waits is decided, so that what was refused or taken back stays so. */
async function approve(setup: ShopSetup, { service, endpoint }: ShopPaths): Promise<void> {
  const { arm, signal, onStep } = setup;
  const asking = await find(setup, endpoint);
  const id = textOf(asking?.['id']) ?? endpoint;
  const connections = await arm.list(`${service}/privateEndpointConnections`, { signal });
  const connection = connections.find(({ properties }) => keyOf(endpointOf(properties)) === keyOf(id));
  const state = objectOf(objectOf(connection?.['properties'])['privateLinkServiceConnectionState']);
  if (connection === undefined || state['status'] !== 'Pending') return;
  onStep('approving the endpoint, as the owner of the service');
  const properties = { privateLinkServiceConnectionState: { status: 'Approved', description: 'The demo may read its shop.' } };
  await arm.put(textOf(connection['id']) ?? '', { properties }, { signal });
}

function endpointOf(properties: Json | undefined): string {
  return textOf(objectOf(objectOf(properties)['privateEndpoint'])['id']) ?? '';
}

async function testConnection({ arm, signal, onStep }: ShopSetup, paths: ShopPaths): Promise<void> {
  const { workspace, plane, linkedService: path } = paths;
  onStep('enabling interactive authoring');
  await arm.post(`${workspace}/${runtime}/enableInteractiveQuery`, {}, { signal });
  onStep('testing the connection');
  let answer: JsonObject = {};
  let hops: readonly JsonObject[] = [];
  for (let tries = 1; tries <= mostTries; tries += 1) {
    answer = await arm.post(`${plane}/testConnectivity`, asked(paths), { signal });
    hops = listOf(answer['hops']);
    // The balancer has yet to see that its backend answers.
    if (hops.at(-1)?.['name'] !== 'backend') break;
    await delay(probeEveryMs, signal);
  }
  onStep(`tested: ${hops.map((hop) => `${hop['ok'] === true ? '✓' : '✗'} ${textOf(hop['name']) ?? ''}`).join('  ')}`);
  const failed = hops.find(({ ok }) => ok !== true);
  if (answer['succeeded'] === true && failed === undefined) return;
  throw fault(
    'unreachable',
    textOf(failed?.['code']) ?? 'ShopNotReached',
    textOf(failed?.['detail']) ?? 'The connection was tested in vain.',
    {
      target: path,
      remedy: textOf(failed?.['remedy']) ?? 'See what isthmus test-connection says.',
    },
  );
}

function asked({ linkedService: path }: ShopPaths): JsonObject {
  return { linkedService: { name: path.split('/').at(-1) ?? '' } };
}

/** All tables of the shop that can be linked. */
async function browse({ arm, signal, onStep }: ShopSetup, paths: ShopPaths): Promise<readonly string[]> {
  onStep('browsing the tables');
  const { value } = await arm.post(`${paths.plane}/browse`, asked(paths), { signal });
  const found = listOf(value).filter(({ schemaName, refusal }) => schemaName === 'public' && (refusal ?? null) === null);
  return found.flatMap(({ tableName }) => textOf(tableName) ?? []);
}

/** From whatever state it is in, to one in which it follows, or will. */
async function start(setup: ShopSetup, { link }: ShopPaths): Promise<void> {
  const { onStep } = setup;
  let state = await stateOf(setup, link);
  if (setup.resync && state !== 'Initial' && state !== 'Stopped') {
    onStep('stopping the link, so that everything is copied anew');
    if (state !== 'Stopping') await ask(setup, `${link}/stop`);
    state = await rested(setup, link, ['Stopped']);
  }
  if (state === 'Stopping' || state === 'Pausing') state = await rested(setup, link, ['Stopped', 'Paused']);
  if (state === 'Initial' || state === 'Stopped') {
    onStep('starting the link');
    await ask(setup, `${link}/start`);
  } else if (state === 'Paused') {
    onStep('resuming the link');
    await ask(setup, `${link}/resume`);
  }
}

async function ask({ arm, signal }: ShopSetup, path: string): Promise<void> {
  await arm.post(path, {}, { signal });
}

async function stateOf({ arm, signal }: ShopSetup, link: string): Promise<string> {
  return textOf((await arm.get(`${link}/detailedstatus`, { signal }))['status']) ?? 'Initial';
}

async function rested(setup: ShopSetup, link: string, wanted: readonly string[]): Promise<string> {
  for (;;) {
    const state = await stateOf(setup, link);
    if (wanted.includes(state)) return state;
    await delay(askEveryMs, setup.signal);
  }
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).map(objectOf) : [];
}
