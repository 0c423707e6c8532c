import type { ResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { idKey } from './template/ids.ts';
import type { Plan } from './template/plan.ts';
import type { DeploymentTools } from './tools.ts';

/**
 * What lies in the group of a deployment and is not named by its template. Children count with what they lie in; deployments and what extends
 * other resources (role assignments, locks) are never among them.
 */
export async function leftovers(
  { tools, resources }: { readonly tools: Pick<DeploymentTools, 'catalog'>; readonly resources: ResourceReader },
  { group, parent }: ResourceId,
  plan: Plan,
): Promise<readonly Resource[]> {
  if (group === undefined || parent === undefined) return [];
  const named = plan.resources.filter((one) => one.wanted || one.existing).map(({ key }) => key);
  const all = await resources.list({ within: parent, direct: true });
  return all.filter(({ id, type }) => {
    if (/^microsoft\.resources\//i.test(type) || tools.catalog.get(type)?.scopes.includes('resource') === true) return false;
    const key = idKey(id);
    return !named.some((one) => one === key || one.startsWith(`${key}/`));
  });
}
