import type { Dialer } from '#base/dialer.ts';
import { fault } from '#base/fault.ts';
import { factoryTypes } from '#providers/data-factory/factory-types.ts';
import { authoringNetworks } from '#providers/authoring/managed-networks.ts';
import type { AuthoringOptions } from '#providers/authoring/options.ts';
import { factoryHome } from '#providers/data-factory/factory-home.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import { connectionsOf } from '#providers/network/connections.ts';
import { networkTypes } from '#providers/network/network-types.ts';
import { createPlanKeeper, type PlanKeeper } from '#providers/network/plan-keeper.ts';
import { computeTypes } from '#providers/compute/compute-types.ts';
import { sqlTypes } from '#providers/sql/sql-types.ts';
import { workspaceHome } from '#providers/synapse/workspace-home.ts';
import { workspaceTypes } from '#providers/synapse/workspace-types.ts';
import { group, providerScene, sealer, type ProviderScene, type Sent } from './provider-scene.ts';

/** Nothing leads anywhere: this engine only writes plans down. */
const noName = (host: string) => fault('unreachable', 'NameNotFound', `${host} means nothing here.`, { remedy: 'Name it.' });
const nowhere: Dialer = { dial: async (host) => Promise.reject(noName(host)) };

export interface NetworkScene extends AsyncDisposable {
  readonly plane: ProviderScene;
  /** Every plan that was applied. */
  readonly plans: FabricPlan[];
  readonly keeper: PlanKeeper;
  /** Who may approve what they ask for. */
  readonly approvers: Set<string>;
  nowMs: number;
  readonly id: (type: string, name: string) => string;
  /** Sends, and expects a success that has settled. */
  readonly put: (id: string, body: unknown) => Promise<Sent>;
  readonly latest: () => FabricPlan;
}

/** The network types over a control plane of their own, with an engine that only writes plans down. */
export async function networkScene(): Promise<NetworkScene> {
  const plans: FabricPlan[] = [];
  const approvers = new Set<string>();
  let keeper: PlanKeeper | undefined;
  const scene = { nowMs: Date.parse('2026-01-01T00:00:00Z') };
  const plane = await providerScene(
    ({ store: storeOf, writer }) => {
      const store = storeOf();
      const engine = { apply: async (plan: FabricPlan) => void plans.push(plan) };
      const serverName = async ({ type, name }: { readonly type: string; readonly name: string }) =>
        type === 'Microsoft.Sql/servers' ? `${name}.database.isthmus.localhost` : undefined;
      keeper = createPlanKeeper({ store, engine, serverName, managed: [authoringNetworks(factoryHome), authoringNetworks(workspaceHome)] });
      const mayApprove = async (principal: string): Promise<boolean> => approvers.has(principal);
      const nowMs = (): number => scene.nowMs;
      const connections = connectionsOf({ store, mayApprove, nowMs });
      const authoring: AuthoringOptions = {
        store,
        sealer,
        connections,
        plan: keeper,
        dialer: () => nowhere,
        explain: async ({ host }) => ({ hops: [], denied: noName(host) }),
        nowMs,
      };
      return [
        ...networkTypes({ connections, keeper, serverName, mayApprove, nowMs }),
        ...computeTypes({ writer, plan: keeper }),
        ...sqlTypes({}),
        ...factoryTypes(authoring),
        ...workspaceTypes({ ...authoring, writer, tenant: 'tenant' }),
      ];
    },
    { waitMs: 20_000 },
  );
  return Object.assign(scene, {
    plane,
    plans,
    keeper: keeper!,
    approvers,
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
