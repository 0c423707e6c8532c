/** One record of the audit log about a connection. */
export interface ConnectionRecord {
  readonly sequence: number;
  readonly time: string;
  readonly action: string;
  readonly principal: string;
  readonly principalName: string;
  readonly outcome: string;
  readonly code?: string;
  readonly changes?: readonly { readonly name: string; readonly before?: string; readonly after?: string }[];
}

interface MadeDecision {
  readonly status?: string;
  readonly because?: string;
}

/** What came of it for people: `Pending → Approved: ticket 4711`. */
export function eventWord({ action, changes = [] }: ConnectionRecord): string {
  const changed = (end: string): { readonly before?: string; readonly after?: string } | undefined =>
    changes.find(({ name }) => name === end || name.endsWith(`.${end}`));
  const decision = lastDecision(changed('approval.decisions')?.after);
  const state = changed('privateLinkServiceConnectionState.status') ?? changed('status');
  const because = decision?.because ?? changed('privateLinkServiceConnectionState.description')?.after ?? '';
  const word =
    state === undefined ? decision?.status : state.before === undefined ? state.after : `${state.before} → ${state.after ?? 'gone'}`;
  if (word === undefined) return action.split('/').slice(-2).join('/');
  return because === '' ? word : `${word}: ${because}`;
}

function lastDecision(text: string | undefined): MadeDecision | undefined {
  try {
    const all = JSON.parse(text ?? '[]') as readonly MadeDecision[];
    return Array.isArray(all) ? all.at(-1) : undefined;
  } catch {
    // A long list is cut off in the log.
    return undefined;
  }
}
