import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { type CheckContext, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { approvalPolicy, type ConnectionProperties, decided, endsSoon, stateAt } from './approval.ts';
import type { MayApprove } from './connections.ts';
import { opensRead } from './opens.ts';
import { applied, type PlanKeeper, withdrawn } from './plan-keeper.ts';
import { connectionWord, type PrivateLinkTarget } from './private-link-target.ts';
import { cutAction, type LiveSessions, sessionsRead } from './sessions.ts';

export interface ConnectionTypeOptions {
  readonly keeper: PlanKeeper;
  readonly mayApprove: MayApprove;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Without it connections have no sessions. */
  readonly live?: LiveSessions | undefined;
}

/** What its owner may write of a connection. */
const properties = z.object({
  privateLinkServiceConnectionState: z.object({
    status: z.enum(['Approved', 'Rejected', 'Disconnected', 'Pending']),
    description: z.string().max(1_000).default(''),
  }),
});

/** Connections of private endpoints to resources of a type, for their owner to decide about. */
export function privateEndpointConnections(
  { type, floor }: Pick<PrivateLinkTarget, 'type' | 'floor'>,
  options: ConnectionTypeOptions,
): ResourceType<ConnectionProperties> {
  const { keeper, nowMs, live } = options;
  return resourceType<ConnectionProperties>({
    type: `${type}/${connectionWord}`,
    summary: 'A connection that a private endpoint asks for: approved, rejected or removed by the owner of what it leads to',
    versions: { floor, implemented: '2025-05-01' },
    location: 'none',
    hasTags: false,
    name: { pattern: /^[A-Za-z0-9_](?:[\w.-]*\w)?$/, maxLength: 200, says: "letters, digits, '.', '-' and '_'" },
    // What is kept beside the state comes from `complete`.
    properties: properties as unknown as z.ZodType<ConnectionProperties>,
    verbs: ['put', 'delete'],
    answers: { created: 200, replaced: 200, deleted: 200 },
    complete: (asked, context) => decide(asked, context, options),
    show: async ({ properties: kept }) => ({
      privateLinkServiceConnectionState: { ...stateAt(kept, nowMs()) },
      approval: { expiresSoon: endsSoon(kept.approval, nowMs()) },
    }),
    reads: { opens: opensRead(keeper), ...(live !== undefined && { sessions: sessionsRead(live) }) },
    ...(live !== undefined && { actions: { cut: cutAction(live) } }),
    reconcile: (self) => applied(keeper, self),
    remove: () => withdrawn(keeper),
  });
}

async function decide(
  asked: Asked<ConnectionProperties>,
  { id, before, resources, principal }: CheckContext<ConnectionProperties>,
  { mayApprove, nowMs }: ConnectionTypeOptions,
): Promise<Asked<ConnectionProperties>> {
  if (before === undefined)
    throw fault('missing', 'ResourceNotFound', `There is no connection ${id.text}.`, {
      target: id.text,
      remedy: 'Connections come from private endpoints; list those there are.',
    });
  const { status, description } = asked.properties.privateLinkServiceConnectionState;
  const at = nowMs();
  const kept = { ...asked, properties: before.properties };
  if (status === 'Pending') {
    if (stateAt(before.properties, at).status === 'Pending') return kept;
    throw fault('invalid', 'InvalidConnectionStatus', 'What was decided about a connection cannot be set back to Pending.', {
      target: 'properties.privateLinkServiceConnectionState.status',
      remedy: 'Reject it; then its private endpoint may ask again.',
    });
  }
  if (status === 'Approved') await checkApprover(before.properties, { id: principal.id, target: id.parent! }, mayApprove);
  const policy = await policyOf(id.parent!, resources);
  const decision = { by: principal.id, at: new Date(at).toISOString(), status, because: description, through: 'owner' as const };
  return { ...asked, properties: decided(before.properties, decision, policy) };
}

async function policyOf(target: string, resources: ResourceReader): Promise<ReturnType<typeof approvalPolicy>> {
  return approvalPolicy((await resources.get(target))?.tags ?? {});
}

/** Nobody approves what they asked for themselves, unless a role on the target says that they may. */
async function checkApprover(
  { approval }: ConnectionProperties,
  approver: { readonly id: string; readonly target: string },
  mayApprove: MayApprove,
): Promise<void> {
  if (approval.requestedBy !== approver.id || (await mayApprove(approver.id, approver.target))) return;
  throw fault('denied', 'RequesterMayNotApprove', 'Who asks for a connection cannot approve it.', {
    target: approver.target,
    remedy: 'Have somebody else approve it, or be given the role Private Endpoint Approver on the target.',
  });
}
