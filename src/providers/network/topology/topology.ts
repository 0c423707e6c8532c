import { createHash, randomUUID } from 'node:crypto';
import type { OwnAsk, OwnProvider } from '#arm/own-provider.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { Counter, FabricEngine } from '#fabric/engine.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import { groundOf } from '../plan-ground.ts';
import type { PlanKeeper } from '../plan-keeper.ts';
import { balancerNodes } from './balancer-nodes.ts';
import { counterKey, emptyGraph, type Graph, type GraphEdge, type GraphNode, joined } from './graph.ts';
import { networkNodes } from './network-nodes.ts';
import { visibleGraph } from './visible-graph.ts';
import { endpointNodes, forwarderNodes, publicNodes, serviceNodes } from './way-nodes.ts';
import { workerNodes } from './worker-nodes.ts';

export interface TopologyOptions {
  readonly keeper: Pick<PlanKeeper, 'inForce'>;
  readonly engine: Pick<FabricEngine, 'kind' | 'health' | 'listeners' | 'counters' | 'sessions'>;
  readonly runtimes: Pick<RuntimeHost, 'running'>;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Milliseconds that never go back, from any beginning. */
  readonly steadyMs: () => number;
}

export const fabricNamespace = 'Isthmus.Fabric';

/**
 * The network as it is carried at this moment, for whoever asks: `GET {scope}/providers/Isthmus.Fabric/topology` its parts and how they hang together,
 * `…/counters` what passed them. Both show what the asker may read, and nobody is refused.
 */
export function fabricProvider(options: TopologyOptions): OwnProvider {
  const salt = randomUUID();
  const began = randomUUID();
  const visible = ({ scope, mayRead }: OwnAsk): Promise<Graph> => visibleGraph(wholeGraph(options), { scope: keyOf(scope), mayRead, salt });
  return {
    namespace: fabricNamespace,
    answers: [
      {
        verb: 'GET',
        word: 'topology',
        summary:
          'The network as it is carried now: networks, endpoints, services, balancers, forwarders, databases and workers, and what leads where',
        permission: undefined,
        run: async (ask) => ({ ...shownTopology(await visible(ask)), engine: options.engine.kind }),
      },
      {
        verb: 'GET',
        word: 'counters',
        summary: 'Totals of what passed the parts of the network since the program began, for rates',
        permission: undefined,
        run: async (ask) => {
          const counters = new Map(options.engine.counters().map((one) => [counterKey(one.of, one.id), one]));
          const atMs = options.steadyMs();
          return { began, atMs, ...shownCounters(await visible(ask), counters) };
        },
      },
    ],
  };
}

/** All of it, as it is at this moment. */
function wholeGraph({ keeper, engine, runtimes, nowMs }: TopologyOptions): Graph {
  const inForce = keeper.inForce();
  if (inForce === undefined) return emptyGraph;
  const { plan, resources, leftOut } = inForce;
  const ground = groundOf(resources);
  const health: FabricEngine['health'] = (probe, backend) => engine.health(probe, backend);
  const moment = { nowMs: nowMs(), health, leftOut, listeners: (endpoint: string) => engine.listeners(endpoint) };
  const sessions: FabricEngine['sessions'] = (endpoint) => engine.sessions(endpoint);
  return joined([
    networkNodes(plan, ground),
    workerNodes(plan, ground, { running: runtimes.running(), sessions }),
    endpointNodes(plan, ground, moment),
    serviceNodes(plan, ground, moment),
    publicNodes(plan, ground),
    ...plan.balancers.map((balancer) => balancerNodes(balancer, ground, health)),
    forwarderNodes(plan, ground),
  ]);
}

/** `revision` is another one as soon as anything of it is. */
function shownTopology({ nodes, edges }: Graph): JsonObject {
  const once = new Map(nodes.map((node) => [node.id, node]));
  const shown = { nodes: [...once.values()].map(shownNode), edges: edges.map(shownEdge) };
  return { ...shown, revision: createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22) };
}

function shownNode({ id, kind, name, resourceId, parent, state, reason, detail }: GraphNode): JsonObject {
  return {
    id,
    kind,
    name,
    ...(resourceId !== undefined && { resourceId }),
    ...(parent !== undefined && { parent }),
    ...(state !== undefined && { state }),
    ...(reason !== undefined && reason !== '' && { reason }),
    detail,
  };
}

function shownEdge(edge: GraphEdge): JsonObject {
  const { from, to, state, reason, port } = edge;
  return {
    id: edgeId(edge),
    from,
    to,
    ...(state !== undefined && { state }),
    ...(reason !== undefined && { reason }),
    ...(port !== undefined && { port }),
  };
}

/** Of two parts there is one edge for each port. */
function edgeId({ from, to, port }: GraphEdge): string {
  return port === undefined ? `${from}>>${to}` : `${from}>>${to}:${port}`;
}

function shownCounters({ nodes, edges }: Graph, counters: ReadonlyMap<string, Counter>): JsonObject {
  const shown = (of: readonly { readonly id: string; readonly counter: string | undefined }[]): Json =>
    of.flatMap(({ id, counter: key }) => {
      const found = key === undefined ? undefined : counters.get(key);
      if (found === undefined) return [];
      const { connections, open, refused, bytesIn, bytesOut, connects, connectMs } = found;
      return [{ id, connections, open, refused, bytesIn, bytesOut, connects, connectMs }];
    });
  return {
    nodes: shown(nodes.map(({ id, counter }) => ({ id, counter }))),
    edges: shown(edges.map((edge) => ({ id: edgeId(edge), counter: edge.counter }))),
  };
}
