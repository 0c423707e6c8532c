import { fault, type Fault } from '#base/fault.ts';
import type { ConnectionState } from '#arm/private-link.ts';

/** How the owner of a target wants connections to be approved: its tag `hidden-approval`. */
export interface ApprovalPolicy {
  /** So many different people must approve. */
  readonly approvers: number;
  /** How long an approval lasts; undefined: until it is withdrawn. */
  readonly expiresMs: number | undefined;
}

/** What somebody decided about a connection. */
export interface Decision {
  /** Id of the principal; of an approval by the target's list, who asked. */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly status: 'Approved' | 'Rejected' | 'Disconnected';
  readonly because: string;
  /** `owner`: it was decided. `role`: who asked may approve. `list`: the target approves the subscription. */
  readonly through: 'owner' | 'role' | 'list';
}

/** The story of one request. */
export interface Approval {
  /** Counts the requests of the same consumer. */
  readonly request: number;
  readonly requestedBy: string;
  readonly requestedAt: string;
  readonly requestMessage: string;
  readonly approversNeeded: number;
  /** In the order in which they were made. */
  readonly decisions: readonly Decision[];
  readonly approvedAt?: string | undefined;
  readonly expiresAt?: string | undefined;
}

/** A connection as it is kept. */
export interface ConnectionProperties {
  /** Who asks: any resource that is a consumer. */
  readonly privateEndpoint: { readonly id: string };
  readonly groupIds: readonly string[];
  /** Decimal text of the 32-bit number that names the connection everywhere. */
  readonly linkIdentifier: string;
  readonly privateLinkServiceConnectionState: ConnectionState;
  readonly approval: Approval;
}

const approvalTag = 'hidden-approval';

const mostApprovers = 20;
const mostExpiresMs = 3_660 * 86_400_000;
const mostDecisions = 50;
/** An approval that ends within this time says so. */
const warnMs = 7 * 86_400_000;
const policyRemedy = 'Write it like approvers=2; expires=P30D, or leave the tag out.';

/** Reads the tag. Fault: `InvalidApprovalPolicy` (invalid): nothing is approved by a policy that cannot be read. */
export function approvalPolicy(tags: Readonly<Record<string, string>>): ApprovalPolicy {
  const name = Object.keys(tags).find((tag) => tag.toLowerCase() === approvalTag);
  const text = name === undefined ? '' : tags[name]!;
  const policy = { approvers: 1, expiresMs: undefined as number | undefined };
  const seen = new Set<string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const [, key = '', value = ''] = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    if (seen.has(key)) throw badPolicy(`it says ${key} twice`);
    seen.add(key);
    if (key === 'approvers') policy.approvers = approversOf(value);
    else if (key === 'expires') policy.expiresMs = durationMs(value);
    else throw badPolicy(`'${part.trim().slice(0, 60)}' is nothing that it may say`);
  }
  if (name !== undefined && seen.size === 0) throw badPolicy('it is empty');
  return policy;
}

function approversOf(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > mostApprovers) throw badPolicy(`approvers must be a number from 1 to ${mostApprovers}`);
  return count;
}

function durationMs(text: string): number {
  const match = /^P(?=.)(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/.exec(text);
  const [weeks, days, hours, minutes, seconds] = (match?.slice(1) ?? []).map((part) => Number(part ?? 0));
  const ms = match === null ? 0 : ((((weeks! * 7 + days!) * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000;
  if (ms <= 0 || ms > mostExpiresMs) throw badPolicy('expires must be a duration such as P30D or PT12H, ten years at most');
  return ms;
}

function badPolicy(why: string): Fault {
  return fault('invalid', 'InvalidApprovalPolicy', `The tag ${approvalTag} cannot be read: ${why}.`, {
    target: `tags.${approvalTag}`,
    remedy: policyRemedy,
  });
}

/** Where a connection stands at a time: an approval that has ended waits to be given anew. */
export function stateAt({ privateLinkServiceConnectionState: state, approval }: ConnectionProperties, nowMs: number): ConnectionState {
  if (state.status !== 'Approved' || approval.expiresAt === undefined) return state;
  if (Date.parse(approval.expiresAt) > nowMs) return { ...state, ...soon(approval.expiresAt, nowMs) };
  const description = `The approval ended at ${approval.expiresAt}.`;
  return { status: 'Pending', description, actionsRequired: 'Approve the connection once more.' };
}

function soon(expiresAt: string, nowMs: number): Partial<ConnectionState> {
  if (Date.parse(expiresAt) - nowMs > warnMs) return {};
  return { actionsRequired: `The approval ends at ${expiresAt}. Reject and approve a new request, or approve once more after that.` };
}

/** Whether the end of an approval is near enough to warn. */
export function endsSoon({ expiresAt, approvedAt }: Approval, nowMs: number): boolean {
  if (expiresAt === undefined || approvedAt === undefined) return false;
  const leftMs = Date.parse(expiresAt) - nowMs;
  return leftMs > 0 && leftMs <= warnMs;
}

export interface Request {
  readonly number: number;
  readonly by: string;
  readonly at: string;
  readonly message: string;
}

/** A request nobody has decided about yet. */
export function requested(
  { number, by, at, message }: Request,
  policy: ApprovalPolicy,
): Pick<ConnectionProperties, 'privateLinkServiceConnectionState' | 'approval'> {
  return {
    privateLinkServiceConnectionState: { status: 'Pending', description: message, actionsRequired: 'None' },
    approval: {
      request: number,
      requestedBy: by,
      requestedAt: at,
      requestMessage: message,
      approversNeeded: policy.approvers,
      decisions: [],
    },
  };
}

type Decided = Pick<ConnectionProperties, 'privateLinkServiceConnectionState' | 'approval'>;

/**
 * What a decision makes of a connection. Approving needs as many different people as the policy says, since the request, or since the approval
 * before has ended. Faults (conflict): `PrivateEndpointConnectionRejected`, `PrivateEndpointConnectionDisconnected`.
 */
export function decided<C extends ConnectionProperties>(before: C, decision: Decision, policy: ApprovalPolicy): C {
  const nowMs = Date.parse(decision.at);
  const { status } = stateAt(before, nowMs);
  if (status === decision.status) return before;
  if (status === 'Disconnected')
    throw fault('conflict', 'PrivateEndpointConnectionDisconnected', 'The connection was removed and cannot be decided about any more.', {
      target: before.privateEndpoint.id,
      remedy: 'Write the private endpoint once more: it then asks again.',
    });
  if (decision.status !== 'Approved') return { ...before, ...ended(before, decision) };
  if (status === 'Rejected')
    throw fault(
      'conflict',
      'PrivateEndpointConnectionRejected',
      'The connection was rejected; it cannot be approved before it asks again.',
      {
        target: before.privateEndpoint.id,
        remedy: 'Have the owner of the private endpoint write it once more: it then asks again.',
      },
    );
  return { ...before, ...approvedBy(before, decision, policy) };
}

function ended({ approval }: ConnectionProperties, decision: Decision): Decided {
  const { expiresAt: _expiresAt, approvedAt: _approvedAt, ...rest } = approval;
  return {
    privateLinkServiceConnectionState: { status: decision.status, description: decision.because, actionsRequired: 'None' },
    approval: { ...rest, decisions: withDecision(approval.decisions, decision) },
  };
}

function approvedBy({ approval }: ConnectionProperties, decision: Decision, policy: ApprovalPolicy): Decided {
  const decisions = withDecision(approval.decisions, decision);
  // Whatever was decided for an approval that has ended does not count for the next one.
  const sinceMs = Date.parse(approval.expiresAt ?? approval.requestedAt);
  const approvers = new Set(decisions.filter((one) => one.status === 'Approved' && Date.parse(one.at) >= sinceMs).map((one) => one.by));
  const missing = decision.through === 'list' ? 0 : policy.approvers - approvers.size;
  const shared = { ...approval, approversNeeded: policy.approvers, decisions };
  if (missing > 0) {
    const people = missing === 1 ? 'One more person' : `${missing} more people`;
    const actionsRequired = `${people} must approve: ${approvers.size} of ${policy.approvers} have.`;
    return {
      privateLinkServiceConnectionState: { status: 'Pending', description: approval.requestMessage, actionsRequired },
      approval: shared,
    };
  }
  const { expiresMs } = policy;
  const expiresAt = expiresMs === undefined ? undefined : new Date(Date.parse(decision.at) + expiresMs).toISOString();
  const { expiresAt: _before, ...rest } = shared;
  return {
    privateLinkServiceConnectionState: { status: 'Approved', description: decision.because, actionsRequired: 'None' },
    approval: { ...rest, approvedAt: decision.at, ...(expiresAt === undefined ? {} : { expiresAt }) },
  };
}

/** One decision of each person counts; the list does not grow for ever. */
function withDecision(decisions: readonly Decision[], decision: Decision): readonly Decision[] {
  return [...decisions, decision].slice(-mostDecisions);
}
