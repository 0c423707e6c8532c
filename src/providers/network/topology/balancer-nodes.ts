import type { PlanGround } from '#arm/private-link.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import { downReason } from '#fabric/denial.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { shortName } from '#fabric/names.ts';
import type { Backend, Balancer, BalancerRule } from '#fabric/plan.ts';
import { outerId } from '../subnet.ts';
import { counterKey, type Graph, type GraphEdge, type GraphNode, type PartState, together } from './graph.ts';
import { guardOf, subnetOf } from './network-nodes.ts';

type Health = FabricEngine['health'];

/** How a rule would treat a backend now. */
interface Judged {
  readonly state: PartState;
  readonly reason: string | undefined;
}

function judge({ probe }: BalancerRule, { id, admin }: Backend, health: Health): Judged {
  if (admin === 'Up') return { state: 'up', reason: 'It is set to Up by its administrator.' };
  if (admin === 'Down') return { state: 'down', reason: downReason(admin, undefined) };
  if (probe === undefined) return { state: 'up', reason: 'No probe asks it.' };
  const { state, reason } = health(probe, id);
  return { state, reason };
}

/** How the rules of a frontend stand together. */
export function frontendState({ rules }: Balancer, frontend: string, health: Health): PartState {
  return together(rules.filter((rule) => rule.frontend === frontend).map((rule) => ruleState(rule, health).state));
}

function ruleState(rule: BalancerRule, health: Health): Judged {
  const judged = rule.backends.map((backend) => judge(rule, backend, health));
  const state = together(judged.map((one) => one.state));
  const up = judged.filter((one) => one.state === 'up').length;
  if (judged.length === 0) return { state: 'down', reason: 'It has no backends.' };
  if (state === 'down' && rule.whenNoneHealthy === 'AllProbedUp')
    return { state: 'degraded', reason: 'None of its backends is healthy; all are used all the same.' };
  return { state, reason: `${up} of ${judged.length} backends are up.` };
}

/** A balancer, its rules, and what they lead to. */
export function balancerNodes(balancer: Balancer, ground: PlanGround, health: Health): Graph {
  const found = ground.get(balancer.id);
  if (found === undefined) return { nodes: [], edges: [] };
  const guard = guardOf(found);
  const parent = subnetOf(found) ?? balancer.segment;
  const frontends = balancer.frontends.map(({ name, address }) => ({ name, address }));
  const node: GraphNode = {
    id: balancer.id,
    kind: 'balancer',
    name: found.name,
    resourceId: found.id,
    parent,
    state: together(balancer.rules.map((rule) => ruleState(rule, health).state)),
    detail: { frontends },
    guard,
  };
  const rules = balancer.rules.map((rule) => ruleNode(rule, { found, parent, health }));
  const ways: GraphEdge[] = balancer.rules.map(({ id, frontendPort }) => ({
    from: balancer.id,
    to: id,
    port: frontendPort,
    counter: counterKey('rule', id),
  }));
  const backends = backendNodes(balancer, { ground, parent, health, found });
  return { nodes: [node, ...rules, ...backends.nodes], edges: [...ways, ...backends.edges] };
}

interface RuleGround {
  /** The balancer. */
  readonly found: Resource;
  readonly parent: string;
  readonly health: Health;
}

function ruleNode(rule: BalancerRule, { found, parent, health }: RuleGround): GraphNode {
  const { id, name, frontend, frontendPort, backendPort, distribution, idleMs, tcpReset, probe } = rule;
  return {
    id,
    kind: 'rule',
    name,
    resourceId: `${found.id}/loadBalancingRules/${name}`,
    parent,
    ...ruleState(rule, health),
    detail: {
      frontend,
      frontendPort,
      backendPort,
      distribution,
      idleSeconds: idleMs / 1_000,
      tcpReset,
      ...(probe !== undefined && { probe: shortName(probe) }),
    },
    guard: guardOf(found),
    counter: counterKey('rule', id),
  };
}

/** One node of each backend, whatever number of rules lead to it. */
function backendNodes(balancer: Balancer, { ground, parent, health, found }: RuleGround & { readonly ground: PlanGround }): Graph {
  const edges: GraphEdge[] = [];
  const known = new Map<string, { readonly backend: Backend; readonly judged: Judged[] }>();
  for (const rule of balancer.rules) {
    for (const backend of rule.backends) {
      const judged = judge(rule, backend, health);
      edges.push({ from: rule.id, to: nodeId(balancer, backend), port: rule.backendPort, ...judged });
      const one = known.get(backend.id);
      if (one === undefined) known.set(backend.id, { backend, judged: [judged] });
      else one.judged.push(judged);
    }
  }
  const nodes = [...known.values()].map(({ backend, judged }): GraphNode => {
    const { address, admin } = backend;
    const nic = ground.get(outerId(backend.id));
    return {
      id: nodeId(balancer, backend),
      kind: 'backend',
      name: nic?.name ?? address,
      resourceId: nic?.id,
      parent: (nic && subnetOf(nic)) ?? parent,
      state: together(judged.map(({ state }) => state)),
      reason: [...new Set(judged.flatMap(({ reason }) => reason ?? []))].join(' '),
      detail: { address, admin },
      guard: guardOf(found),
      counter: counterKey('backend', backend.id),
    };
  });
  for (const { backend } of known.values()) {
    const { forwarder } = backend;
    if (forwarder !== undefined && ground.get(forwarder) !== undefined)
      edges.push({ from: nodeId(balancer, backend), to: forwarder, counter: counterKey('backend', backend.id) });
  }
  return { nodes, edges };
}

/** A network interface may be a backend of several balancers. */
function nodeId({ id }: Balancer, backend: Backend): string {
  return `${keyOf(id)}>${backend.id}`;
}
