import type { PlanGround } from '#arm/private-link.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import type { RunningWorker } from '#runtime/runtime.ts';
import { counterKey, type Graph, type GraphEdge, type GraphNode } from './graph.ts';
import { guardOf } from './network-nodes.ts';

/** Workers that have a job, in the network in which they stand, and the endpoints that they have connections through. */
export function workerNodes(
  { segments, endpoints }: FabricPlan,
  ground: PlanGround,
  { running, sessions }: { readonly running: readonly RunningWorker[]; readonly sessions: FabricEngine['sessions'] },
): Graph {
  const there = new Set(segments.map(({ id }) => id));
  const nodes = new Map<string, GraphNode>();
  for (const worker of running) {
    const network = there.has(worker.segment) ? ground.get(worker.segment) : undefined;
    if (network === undefined) continue;
    const { segment, name, job, sinceMs, isolated } = worker;
    const counter = counterKey('asker', `${segment}#${name}`);
    const id = workerId(segment, name);
    // Of jobs of one name the oldest is shown: their connections are counted as one.
    if (nodes.has(id)) continue;
    nodes.set(id, {
      id,
      kind: 'worker',
      name,
      parent: segment,
      state: isolated ? 'isolated' : 'notIsolated',
      reason: isolated ? undefined : 'Nothing of the operating system holds it: it runs as the operator has allowed.',
      detail: { job, since: new Date(sinceMs).toISOString() },
      guard: guardOf(network),
      counter,
    });
  }
  if (nodes.size === 0) return { nodes: [], edges: [] };
  const busy = new Set(running.map(({ segment }) => segment));
  const edges = endpoints.filter(({ segment }) => busy.has(segment)).flatMap(({ id, segment }) => connected(segment, id, sessions));
  return { nodes: [...nodes.values()], edges: edges.filter(({ from }) => nodes.has(from)) };
}

function connected(segment: string, endpoint: string, sessions: FabricEngine['sessions']): GraphEdge[] {
  const askers = new Set(sessions(endpoint).flatMap(({ asker }) => asker ?? []));
  return [...askers].map((asker) => ({
    from: workerId(segment, asker),
    to: endpoint,
    counter: counterKey('asker', `${segment}#${asker}`),
  }));
}

function workerId(segment: string, name: string): string {
  return `worker:${segment}#${name}`;
}
