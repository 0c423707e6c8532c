import type { ComponentType } from 'react';

/** A page of a hub: where it is, and what loads it. Paths begin with the hub's name; `$name` is a parameter, `$` the rest. */
export interface HubRoute {
  readonly path: string;
  readonly load: () => Promise<ComponentType>;
}
