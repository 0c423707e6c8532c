import type { ResourceType } from '#arm/resource-type.ts';
import { browse, preview } from './browse-store.ts';
import type { AuthoringHome } from './home.ts';
import type { AuthoringOptions } from './options.ts';
import { testConnectivity } from './test-connectivity.ts';

/** Actions of a home that interactive authoring serves. */
export function interactiveActions<P>(home: AuthoringHome, options: AuthoringOptions): ResourceType<P>['actions'] {
  return { testConnectivity: testConnectivity(home, options), browse: browse(home, options), preview: preview(home, options) };
}
