import { fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import { factoryTypes } from '#providers/data-factory/factory-types.ts';
import { authoringNetworks } from '#providers/authoring/managed-networks.ts';
import { InteractiveAuthoring } from '#providers/authoring/interactive-authoring.ts';
import { InteractiveJobs } from '#providers/authoring/interactive-jobs.ts';
import type { AuthoringOptions } from '#providers/authoring/options.ts';
import { factoryHome } from '#providers/data-factory/factory-home.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import type { AnyType } from '#arm/resource-type.ts';
import { connectionsOf } from '#providers/network/connections.ts';
import { networkTypes } from '#providers/network/network-types.ts';
import { createPlanKeeper, type PlanKeeper } from '#providers/network/plan-keeper.ts';
import { computeTypes } from '#providers/compute/compute-types.ts';
import { sqlTypes } from '#providers/sql/sql-types.ts';
import { workspaceHome } from '#providers/synapse/workspace-home.ts';
import { workspaceTypes } from '#providers/synapse/workspace-types.ts';
import { ToldRuntimes } from '../servers/told-runtimes.ts';
import { group, providerScene, sealer, type ProviderScene, type Sent } from './provider-scene.ts';

/** Nothing leads anywhere: this engine only writes plans down. */
const noName = (host: string) => fault('unreachable', 'NameNotFound', `${host} means nothing here.`, { remedy: 'Name it.' });

export interface NetworkScene extends AsyncDisposable {
  readonly plane: ProviderScene;
  /** Every plan that was applied. */
  readonly plans: FabricPlan[];
  readonly keeper: PlanKeeper;
  /** Who may approve what they ask for. */
  readonly approvers: Set<string>;
  /** Hosts to which there is a way from everywhere. */
  readonly open: Set<string>;
  /** Its workers, unless others are given. */
  readonly told: ToldRuntimes;
  /** Of the plane as it runs now; nobody runs it. */
  readonly interactive: () => InteractiveAuthoring;
  nowMs: number;
  /** `{type} {id}` of what was rung for. */
  readonly rung: string[];
  readonly id: (type: string, name: string) => string;
  /** Sends, and expects a success that has settled. */
  readonly put: (id: string, body: unknown) => Promise<Sent>;
  readonly latest: () => FabricPlan;
}

/** The network types over a control plane of their own, with an engine that only writes plans down, or carries them too. */
export async function networkScene(
  given: { readonly runtimes?: RuntimeHost; readonly more?: readonly AnyType[]; readonly engine?: FabricEngine } = {},
): Promise<NetworkScene> {
  const told = new ToldRuntimes();
  const runtimes = given.runtimes ?? told;
  const plans: FabricPlan[] = [];
  const approvers = new Set<string>();
  const open = new Set<string>();
  let keeper: PlanKeeper | undefined;
  let interactive: InteractiveAuthoring | undefined;
  const scene = { nowMs: Date.parse('2026-01-01T00:00:00Z'), rung: [] as string[] };
  const plane = await providerScene(
    ({ store: storeOf, writer }) => {
      const store = storeOf();
      const apply = async (plan: FabricPlan): Promise<void> => {
        await given.engine?.apply(plan);
        plans.push(plan);
      };
      const serverName = async ({ type, name }: { readonly type: string; readonly name: string }) =>
        type === 'Microsoft.Sql/servers' ? `${name}.database.isthmus.localhost` : undefined;
      keeper = createPlanKeeper({
        store,
        engine: { apply },
        serverName,
        managed: [authoringNetworks(factoryHome), authoringNetworks(workspaceHome)],
      });
      const mayApprove = async (principal: string): Promise<boolean> => approvers.has(principal);
      const nowMs = (): number => scene.nowMs;
      const ring = (id: string, type: string): void => void scene.rung.push(`${type} ${id}`);
      const connections = connectionsOf({ store, mayApprove, nowMs });
      interactive = new InteractiveAuthoring({ store, runtimes, homes: [factoryHome, workspaceHome], nowMs, ring, log: silentLog });
      const authoring: AuthoringOptions = {
        store,
        sealer,
        connections,
        plan: keeper,
        runtimes,
        interactive,
        jobs: new InteractiveJobs(runtimes),
        explain: async ({ host }) => ({ hops: [], denied: open.has(host) ? undefined : noName(host) }),
      };
      return [
        ...networkTypes({ connections, keeper, serverName, mayApprove, nowMs, ...(given.engine && { live: given.engine }) }),
        ...computeTypes({ writer, plan: keeper }),
        ...sqlTypes({}),
        ...factoryTypes(authoring),
        ...workspaceTypes({ ...authoring, writer, tenant: 'tenant', ofLinks: {}, sqlAddresses: () => Promise.resolve(new Map()) }),
        ...(given.more ?? []),
      ];
    },
    { waitMs: 20_000 },
  );
  return Object.assign(scene, {
    plane,
    plans,
    keeper: keeper!,
    approvers,
    open,
    told,
    interactive: () => interactive!,
    id: (type: string, name: string) => `${group}/providers/${type}/${name}`,
    put: async (id: string, body: unknown) => {
      const sent = await plane.send('PUT', id, body);
      if (sent.status > 201 || sent.body.properties.provisioningState === 'Failed')
        throw fault('invalid', 'NotWritten', `${id}: ${sent.text}`);
      return sent;
    },
    latest: () => plans.at(-1)!,
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  });
}
