import { fault } from '#base/fault.ts';
import type { LinkTargetWish } from '#arm/private-link.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { findTarget, isVisible } from './alias.ts';
import { connectionWord, privateLinkTarget, privateLinkTargets } from './private-link-target.ts';

/** Whether a consumer may ask for a connection to what it names: see `Connections.check`. */
export async function checkLinkTarget({ consumer, named, groupId, kept, at }: LinkTargetWish, resources: ResourceReader): Promise<void> {
  const target = await findTarget(named, resources);
  const visible = target !== undefined && !target.deleting && isVisible(target, named, parseResourceId(consumer).subscription);
  if (!visible && !kept)
    throw fault('invalid', 'InvalidResourceReference', `Resource ${named} referenced by resource ${consumer} was not found.`, {
      target: at.named,
      remedy: 'Ask its owner for the id or alias, and to let your subscription see it.',
    });
  if (target === undefined) return;
  const known = privateLinkTarget(target.type);
  if (known === undefined)
    throw fault('invalid', 'PrivateLinkTargetNotSupported', `Private endpoints cannot lead to a ${target.type}.`, {
      target: at.named,
      remedy: `They lead to: ${privateLinkTargets.map(({ type }) => type).join(', ')}.`,
    });
  if (!kept) await checkCount(target, resources);
  if (groupId.toLowerCase() === known.groupId.toLowerCase()) return;
  throw fault('invalid', 'InvalidPrivateLinkGroupId', `'${groupId}' is nothing that a ${target.type} offers.`, {
    target: at.groupId,
    remedy: known.groupId === '' ? 'Leave it out.' : `It offers '${known.groupId}'.`,
  });
}

/** Rule: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#private-link-limits */
const mostConnections = 1_000;

async function checkCount({ id, type }: Resource, resources: ResourceReader): Promise<void> {
  const found = await resources.list({ within: id, direct: true, type: `${type}/${connectionWord}`, limit: mostConnections });
  if (found.length < mostConnections) return;
  throw fault(
    'invalid',
    'PrivateEndpointConnectionCountLimitReached',
    `${id} has ${mostConnections} private endpoint connections already.`,
    {
      target: id,
      remedy: 'Have its owner remove some, or lead to another service.',
    },
  );
}
