import type { PlaneFace } from '#arm/resource-type.ts';
import { egressTagged } from '../authoring/egress.ts';
import type { AuthoringHome } from '../authoring/home.ts';
import { defaultSqlServer } from './sql-endpoint.ts';
import { linkConnectionType, versions, workspacePlaneVersions, workspaceType } from './type-names.ts';
import { isProtected } from './workspace-shape.ts';
import { workspaceTargets } from './workspace-targets.ts';

const read: PlaneFace = { versions: workspacePlaneVersions, verbs: [] };

/** Azure's clients take only some answers for success: of their plane, no 201, and of an endpoint's deletion no 200. */
export const workspaceHome: AuthoringHome = {
  type: workspaceType,
  noun: 'workspace',
  versions,
  answers: { created: 200, replaced: 200, deleted: 200 },
  planes: {
    network: read,
    runtime: read,
    endpoint: { versions: workspacePlaneVersions, answers: { created: 200, replaced: 200, deleted: 202 } },
    linkedService: { versions: workspacePlaneVersions },
  },
  networkBy: 'home',
  // As one of Microsoft's own pages has it.
  runtimeAliases: ['AutoResolvingIntegrationRuntime'],
  egress: ({ tags, properties }) => egressTagged(tags) ?? (isProtected(properties) ? 'enforce' : 'open'),
  builtInServices: (name) => [defaultSqlServer(name)],
  targets: workspaceTargets,
  givesBack: linkConnectionType,
};
