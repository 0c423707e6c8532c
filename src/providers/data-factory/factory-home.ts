import type { ResourceType } from '#arm/resource-type.ts';
import { egressTagged } from '../authoring/egress.ts';
import type { AuthoringHome } from '../authoring/home.ts';

export const versions = { floor: '2017-09-01-preview', implemented: '2018-06-01' };

/** Azure's clients take no other success here. */
export const answers: ResourceType['answers'] = { created: 200, replaced: 200, deleted: 200, deleting: 200 };

export const factoryHome: AuthoringHome = {
  type: 'Microsoft.DataFactory/factories',
  noun: 'data factory',
  versions,
  answers,
  networkBy: 'users',
  runtimeAliases: [],
  egress: ({ tags }) => egressTagged(tags) ?? 'open',
};
