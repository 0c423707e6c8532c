import { objectOf, textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import { fault, toFault } from '#base/fault.ts';
import { pathOf } from './resource-paths.ts';
import type { Session } from './session.ts';

/** Types that have integration runtimes and a managed virtual network. */
const homeTypes = { factory: 'Microsoft.DataFactory/factories', workspace: 'Microsoft.Synapse/workspaces' } as const;
export type HomeKind = keyof typeof homeTypes;

/** A data factory or a workspace. */
export interface AuthoringHome {
  readonly kind: HomeKind;
  readonly id: string;
  readonly name: string;
}

/** Which data factory or workspace is meant; none: whichever fits. */
export interface HomePlace {
  readonly workspace: string | undefined;
  readonly factory: string | undefined;
  readonly group: string | undefined;
}

/** The usual integration runtime, which every home has. */
export const autoResolve = 'AutoResolveIntegrationRuntime';

/** All homes of the subscription that the caller may read, or of the kinds that are named. */
export async function listHomes(kinds: readonly HomeKind[], session: Session): Promise<readonly AuthoringHome[]> {
  const where = { subscription: await session.subscription(), group: undefined, scope: undefined };
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const found = await session.arm
        .list(pathOf(homeTypes[kind], [], where), { signal: session.terminal.interrupted })
        .catch(unlessHidden);
      return found.flatMap(({ id, name }) => homeOf(kind, textOf(id), textOf(name)));
    }),
  );
  return lists.flat();
}

function homeOf(kind: HomeKind, id: string | undefined, name: string | undefined): readonly AuthoringHome[] {
  return id === undefined || name === undefined ? [] : [{ kind, id, name }];
}

/** What may not be read, or is of a kind that this server does not have, is as if there were none. */
function unlessHidden(error: unknown): readonly [] {
  const { kind } = toFault(error);
  if (kind === 'denied' || kind === 'missing') return [];
  throw error;
}

/** The home that was named. Faults: `HomeNotNamed` (invalid), `HomeNotFound` (missing), `WhichHome` (invalid). */
export async function findHome(place: HomePlace, session: Session): Promise<AuthoringHome> {
  const { workspace, factory } = place;
  if ((workspace === undefined) === (factory === undefined)) {
    throw fault('invalid', 'HomeNotNamed', 'Which workspace or data factory is meant was not said.', {
      remedy: 'Name one with --workspace or --factory.',
    });
  }
  const kind = workspace === undefined ? 'factory' : 'workspace';
  const name = (workspace ?? factory)!;
  const all = await listHomes([kind], session);
  return oneHome({ name, all, group: place.group }, session);
}

interface Choice {
  readonly name: string;
  readonly all: readonly AuthoringHome[];
  readonly group: string | undefined;
}

async function oneHome({ name, all, group }: Choice, session: Session): Promise<AuthoringHome> {
  const inGroup = `/subscriptions/${await session.subscription()}/resourceGroups/${group}/`;
  const found = all.filter((one) => keyOf(one.name) === keyOf(name) && (group === undefined || keyOf(one.id).startsWith(keyOf(inGroup))));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    throw fault('invalid', 'WhichHome', `'${name}' may mean several: ${found.map(({ id }) => id).join(', ')}.`, {
      target: name,
      remedy: 'Name the resource group with --group.',
    });
  }
  throw fault('missing', 'HomeNotFound', `There is no workspace or data factory '${name}'.`, {
    target: name,
    remedy:
      all.length === 0
        ? 'There is none that you may read.'
        : `These are there: ${all
            .map((one) => one.name)
            .slice(0, 8)
            .join(', ')}.`,
  });
}

/** The managed virtual network that an integration runtime of a home stands in. Fault: `NotInNetwork` (conflict): in none. */
export async function networkOfRuntime(runtime: string, { arm, terminal }: Session): Promise<string> {
  const read = await arm.get(runtime, { signal: terminal.interrupted });
  const name = textOf(objectOf(objectOf(read['properties'])['managedVirtualNetwork'])['referenceName']);
  if (name !== undefined) return `${runtime.replace(/\/integrationRuntimes\/.*$/i, '')}/managedVirtualNetworks/${encodeURIComponent(name)}`;
  throw fault('conflict', 'NotInNetwork', `The integration runtime ${runtime.split('/').at(-1)} stands in no managed virtual network.`, {
    target: runtime,
    remedy: 'Give its workspace or data factory a managed virtual network, or name another runtime.',
  });
}
