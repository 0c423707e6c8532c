import type { Principal } from '#arm/resource-type.ts';
import type { StoreTransaction } from '#arm/store.ts';
import { ownerGuid } from './built-in-roles.ts';
import { assignmentsWithin, roleAssignmentType, roleDefinitionType, roleGuid, scopeKeyOf, tenantScope } from './roles.ts';

/** Makes the principal Owner of everything, unless it is already: for the administrator that the first start makes. */
export async function grantOwner(transaction: StoreTransaction, principal: Principal): Promise<void> {
  const principalId = principal.id.toLowerCase();
  const isTheirs = (await assignmentsWithin(transaction, '', true)).some(
    (one) =>
      scopeKeyOf(one.id) === '' && roleGuid(one.properties.roleDefinitionId) === ownerGuid && one.properties.principalId === principalId,
  );
  if (isTheirs) return;
  const id = `/providers/${roleAssignmentType}/${crypto.randomUUID()}`;
  const roleDefinitionId = `/providers/${roleDefinitionType}/${ownerGuid}`;
  await transaction.put({
    id,
    type: roleAssignmentType,
    location: undefined,
    tags: {},
    envelope: {},
    properties: { roleDefinitionId, principalId, principalType: 'ServicePrincipal', description: 'Made with the first start.' },
    references: [],
    principal: principal.id,
    ready: true,
  });
  await transaction.audit({
    action: `${roleAssignmentType}/write`,
    scope: id,
    principal: principal.id,
    principalName: principal.name,
    outcome: 'succeeded',
    code: undefined,
    correlationId: crypto.randomUUID(),
    changes: [
      { name: 'properties.roleDefinitionId', before: undefined, after: roleDefinitionId },
      { name: 'properties.principalId', before: undefined, after: principalId },
      { name: 'properties.scope', before: undefined, after: tenantScope },
    ],
  });
}
