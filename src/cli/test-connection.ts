import { objectOf, textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import { fault, type Fault, type FaultKind } from '#base/fault.ts';
import { autoResolve, findHome, listHomes, type AuthoringHome, type HomePlace } from './authoring-home.ts';
import { listOf, numberOf } from './link-connection.ts';
import { asJson, cell, type OutputFormat } from './output.ts';
import type { Session } from './session.ts';

export interface TestConnectionRequest extends HomePlace {
  readonly linkedService: string;
  /** Whether interactive authoring is enabled first where it is not. */
  readonly enable: boolean;
  readonly output: OutputFormat;
}

/**
 * `isthmus test-connection`: hop by hop. A connection that fails ends the command as the fault of the hop at which it did.
 * Faults: `LinkedServiceNotFound` (missing), `WhichLinkedService` (invalid), those of `findHome`, of the hop, and the server's.
 */
export async function testConnectionCommand(request: TestConnectionRequest, session: Session): Promise<void> {
  const { arm, terminal } = session;
  const options = { signal: terminal.interrupted };
  const home = await homeOf(request, session);
  if (request.enable) await arm.post(`${home.id}/integrationRuntimes/${autoResolve}/enableInteractiveQuery`, {}, options);
  const answer = await arm.post(`${asked(home)}/testConnectivity`, { linkedService: { name: request.linkedService } }, options);
  const hops = listOf(answer['hops']);
  await terminal.write(request.output === 'json' ? asJson(answer) : hopLines(hops));
  if (answer['succeeded'] !== true) throw failureOf(answer, hops, request.linkedService);
  if (request.output !== 'json') await terminal.write(`The connection of ${cell(request.linkedService)} works.\n`);
}

/** Where Studio asks: a workspace on its plane, a data factory in ARM. */
function asked({ kind, id, name }: AuthoringHome): string {
  return kind === 'workspace' ? `/synapse/${encodeURIComponent(name)}` : id;
}

/** The home that was named, or the only one that has a linked service of that name. */
async function homeOf(request: TestConnectionRequest, session: Session): Promise<AuthoringHome> {
  const { workspace, factory, linkedService } = request;
  if (workspace !== undefined || factory !== undefined) return await findHome(request, session);
  const homes = await listHomes(['workspace', 'factory'], session);
  const having = await Promise.all(homes.map(async (home) => ((await has(home, linkedService, session)) ? [home] : [])));
  const found = having.flat();
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw fault('invalid', 'WhichLinkedService', `'${linkedService}' may mean those of ${found.map(({ name }) => name).join(', ')}.`, {
      target: linkedService,
      remedy: 'Name the home with --workspace or --factory.',
    });
  throw fault('missing', 'LinkedServiceNotFound', `There is no linked service '${linkedService}' that you may read.`, {
    target: linkedService,
    remedy: 'See its name, or name its home with --workspace or --factory.',
  });
}

async function has(home: AuthoringHome, linkedService: string, { arm, terminal }: Session): Promise<boolean> {
  const all = await arm.list(`${home.id}/linkedservices`, { signal: terminal.interrupted });
  return all.some(({ name }) => keyOf(textOf(name) ?? '') === keyOf(linkedService));
}

function hopLines(hops: readonly JsonObject[]): string {
  const width = Math.max(0, ...hops.map(({ name }) => (textOf(name) ?? '').length));
  const times = hops.map(({ ms }) => ((numberOf(ms) ?? 0) > 0 ? `${Math.round(numberOf(ms)!)} ms` : ''));
  const timeWidth = Math.max(0, ...times.map((time) => time.length));
  return hops
    .map(
      (hop, i) =>
        `${hop['ok'] === true ? '✓' : '✗'} ${cell(textOf(hop['name']) ?? '').padEnd(width)}  ${times[i]!.padStart(timeWidth)}  ${cell(textOf(hop['detail']) ?? '')}\n`,
    )
    .join('');
}

/** Of the hop's own words where it has them: they say more than Azure's. */
function failureOf(answer: JsonObject, hops: readonly JsonObject[], linkedService: string): Fault {
  const hop = hops.find(({ ok }) => ok === false) ?? {};
  const error = objectOf(listOf(answer['errors'])[0]);
  const code = textOf(hop['code']) ?? textOf(error['code']) ?? 'ConnectionFailed';
  const side = textOf(hop['side']);
  const message = textOf(hop['detail']) ?? textOf(error['message']) ?? 'The connection failed.';
  return fault(kindOf(textOf(hop['name'])), code, side === undefined ? message : `${message} To be mended on ${side}.`, {
    target: linkedService,
    remedy: textOf(hop['remedy']),
  });
}

/** Decisions deny; everything else does not answer. */
function kindOf(hop: string | undefined): FaultKind {
  return hop === 'endpoint' || hop === 'name' || hop === 'login' || hop === 'rights' ? 'denied' : 'unreachable';
}
