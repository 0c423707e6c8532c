import type { Principal } from '#arm/resource-type.ts';
import type { AuditEntry } from '#arm/store.ts';

/** Who writes, for the audit log. */
export interface Author {
  readonly principal: Principal;
  readonly correlationId: string;
  /** Where it is not the usual `{type}/write` or `{type}/delete`. */
  readonly action?: string;
}

/** Of a write that succeeded. */
export function auditEntry(author: Author, action: string, scope: string, changes: AuditEntry['changes']): AuditEntry {
  return {
    action: author.action ?? action,
    scope,
    principal: author.principal.id,
    principalName: author.principal.name,
    outcome: 'succeeded',
    code: undefined,
    correlationId: author.correlationId,
    changes,
  };
}
