import { objectOf, textOf } from './client-answer.ts';
import type { Json, JsonObject } from './resource.ts';

export interface ConnectionDecision {
  /** Id of the principal. */
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
  readonly status: string;
  readonly because: string;
  /** `owner`, `role` or `list`. */
  readonly through: string;
}

/** A connection that a private endpoint asks for, as its owner sees it. */
export interface EndpointConnection {
  readonly id: string;
  readonly name: string;
  /** The id of the private endpoint, or of whatever else asks. */
  readonly endpoint: string;
  /** The id of what it leads to. */
  readonly target: string;
  readonly status: string;
  readonly description: string;
  /** Undefined: nothing is to be done. */
  readonly actionsRequired: string | undefined;
  readonly message: string | undefined;
  readonly requestedBy: string | undefined;
  readonly requestedAt: string | undefined;
  /** The latest decision, if there is any. */
  readonly decision: ConnectionDecision | undefined;
  /** All that were made, the first first. */
  readonly decisions: readonly ConnectionDecision[];
  readonly expiresAt: string | undefined;
  /** People who have approved this request, and how many must. */
  readonly approvals: { readonly given: number; readonly needed: number; readonly by: readonly string[] };
}

/** A connection as an answer of the server shows it. */
export function connectionShown(body: JsonObject, nowMs: number): EndpointConnection {
  const id = textOf(body['id']) ?? '';
  const properties = objectOf(body['properties']);
  const state = objectOf(properties['privateLinkServiceConnectionState']);
  const approval = objectOf(properties['approval']);
  const decisions = listOf(approval['decisions']);
  const actionsRequired = textOf(state['actionsRequired']);
  const by = approversOf(decisions, approval, nowMs);
  return {
    id,
    name: textOf(body['name']) ?? nameOf(id),
    endpoint: textOf(objectOf(properties['privateEndpoint'])['id']) ?? '',
    target: id.split('/').slice(0, -2).join('/'),
    status: textOf(state['status']) ?? 'Pending',
    description: textOf(state['description']) ?? '',
    actionsRequired: actionsRequired === 'None' ? undefined : actionsRequired,
    message: textOf(approval['requestMessage']),
    requestedBy: textOf(approval['requestedBy']),
    requestedAt: textOf(approval['requestedAt']),
    decision: decisions.length === 0 ? undefined : decisionOf(decisions.at(-1)!),
    decisions: decisions.map(decisionOf),
    expiresAt: textOf(approval['expiresAt']),
    approvals: { given: by.length, needed: Number(approval['approversNeeded'] ?? 1), by },
  };
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).map(objectOf) : [];
}

function decisionOf(decision: JsonObject): ConnectionDecision {
  const word = (name: string): string => textOf(decision[name]) ?? '';
  return { by: word('by'), at: word('at'), status: word('status'), because: word('because'), through: word('through') };
}

/** Different people who approved this request. What was approved for an approval that has ended does not count. */
function approversOf(decisions: readonly JsonObject[], approval: JsonObject, nowMs: number): readonly string[] {
  const ended = textOf(approval['expiresAt']);
  const isOver = ended !== undefined && Date.parse(ended) <= nowMs;
  const since = Date.parse((isOver ? ended : textOf(approval['requestedAt'])) ?? '') || 0;
  const counted = decisions.filter(({ status, at }) => status === 'Approved' && Date.parse(textOf(at) ?? '') >= since);
  return [...new Set(counted.map(({ by }) => textOf(by) ?? ''))];
}

export function nameOf(id: string): string {
  return id.split('/').at(-1) ?? id;
}

/** For lists: those that wait first, then the latest request first. */
export function byUrgency(a: EndpointConnection, b: EndpointConnection): number {
  return rank(a) - rank(b) || (b.requestedAt ?? '').localeCompare(a.requestedAt ?? '');
}

function rank({ status }: EndpointConnection): number {
  const place = ['Pending', 'Approved', 'Rejected', 'Disconnected'].indexOf(status);
  return place < 0 ? 4 : place;
}
