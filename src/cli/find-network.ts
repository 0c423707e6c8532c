import { textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import { fault } from '#base/fault.ts';
import { autoResolve, listHomes, networkOfRuntime } from './authoring-home.ts';
import { pathOf } from './resource-paths.ts';
import type { Session } from './session.ts';

const networkType = 'Microsoft.Network/virtualNetworks';

/** A name that may be meant, and what it stands for. */
interface Candidate {
  readonly name: string;
  readonly id: string;
}

/**
 * The id of the network that is meant: by the name or id of a virtual network, of a data factory or workspace (its managed virtual network),
 * or of an integration runtime, `HOME/RUNTIME` for short. Faults: `NetworkNotFound` (missing), `WhichNetwork` (invalid), `NotInNetwork`.
 */
export async function findNetwork(from: string, group: string | undefined, session: Session): Promise<string> {
  const text = from.replace(/\/+$/, '');
  if (text.startsWith('/')) return await networkOfId(text, session);
  const [home = '', runtime, ...rest] = text.split('/');
  if (runtime !== undefined && rest.length === 0) {
    const found = only(home, await homeCandidates(session));
    return keyOf(runtime) === 'default' ? networkOfHome(found) : await networkOfRuntime(runtimePath(found, runtime), session);
  }
  if (group !== undefined) return pathOf(networkType, [text], { subscription: await session.subscription(), group, scope: undefined });
  const [networks, homes] = await Promise.all([networkCandidates(session), homeCandidates(session)]);
  const found = only(text, [...networks, ...homes]);
  return homes.includes(found) ? await networkOfRuntime(runtimePath(found, autoResolve), session) : found.id;
}

async function networkOfId(id: string, session: Session): Promise<string> {
  if (/\/integrationRuntimes\/[^/]+$/i.test(id)) return await networkOfRuntime(id, session);
  const isHome = /\/providers\/Microsoft\.(?:DataFactory\/factories|Synapse\/workspaces)\/[^/]+$/i.test(id);
  return isHome ? await networkOfRuntime(`${id}/integrationRuntimes/${autoResolve}`, session) : id;
}

function runtimePath({ id }: Candidate, runtime: string): string {
  return `${id}/integrationRuntimes/${encodeURIComponent(runtime)}`;
}

function networkOfHome({ id }: Candidate): string {
  return `${id}/managedVirtualNetworks/default`;
}

async function networkCandidates(session: Session): Promise<readonly Candidate[]> {
  const where = { subscription: await session.subscription(), group: undefined, scope: undefined };
  const all = await session.arm.list(pathOf(networkType, [], where), { signal: session.terminal.interrupted });
  return all.flatMap(({ id, name }) => {
    const [path, called] = [textOf(id), textOf(name)];
    return path === undefined || called === undefined ? [] : [{ name: called, id: path }];
  });
}

function homeCandidates(session: Session): Promise<readonly Candidate[]> {
  return listHomes(['factory', 'workspace'], session);
}

function only(name: string, all: readonly Candidate[]): Candidate {
  const found = all.filter((one) => keyOf(one.name) === keyOf(name));
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw fault('invalid', 'WhichNetwork', `'${name}' may mean several: ${found.map(({ id }) => id).join(', ')}.`, {
      target: name,
      remedy: 'Name the resource group of a virtual network with --group, or give the whole id.',
    });
  const names = all.map((one) => one.name);
  throw fault('missing', 'NetworkNotFound', `There is no virtual network, workspace or data factory '${name}'.`, {
    target: name,
    remedy: names.length === 0 ? 'There is none that you may read.' : `These are there: ${names.slice(0, 8).join(', ')}.`,
  });
}
