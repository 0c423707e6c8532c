import type { AnyType } from '#arm/resource-type.ts';
import { authoringTypes } from '../authoring/authoring-types.ts';
import type { AuthoringOptions } from '../authoring/options.ts';
import { factoryHome } from './factory-home.ts';
import { factories } from './factory.ts';

/** Everything of Microsoft.DataFactory that is served. */
export function factoryTypes(options: AuthoringOptions): readonly AnyType[] {
  return [factories(options), ...authoringTypes(factoryHome, options)];
}
