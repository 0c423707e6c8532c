import { firewallRules } from '#arm/firewall-rules.ts';
import type { AnyType } from '#arm/resource-type.ts';
import { authoringTypes } from '../authoring/authoring-types.ts';
import { versions, workspaceType } from './type-names.ts';
import { workspaceHome } from './workspace-home.ts';
import { type WorkspaceOptions, workspaces } from './workspace.ts';

/** Workspaces, and what of them is as in data factories. Pools and links are beside: they lie in workspaces. */
export function workspaceTypes(options: WorkspaceOptions): readonly AnyType[] {
  return [workspaces(options), firewallRules({ parent: workspaceType, versions }), ...authoringTypes(workspaceHome, options)];
}
