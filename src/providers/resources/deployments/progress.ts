import type { Fault } from '#base/fault.ts';
import { armError } from '#arm/arm-error.ts';
import type { Json, JsonObject, Resource, StatusFault } from '#arm/resource.ts';
import { provisioningState } from '#arm/resource.ts';
import type { DeploymentAsked } from './asked.ts';
import type { Plan } from './template/plan.ts';
import { isArray, isObject } from './template/scope.ts';

/** One resource that a deployment writes or takes away. Kept in the deployment's outputs, so that it goes on after a restart. */
export interface Step {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly operationId: string;
  readonly action: 'Create' | 'Delete';
  readonly state: 'Running' | 'Succeeded' | 'Failed';
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly error?: StepError;
}

export interface StepError {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly remedy?: string;
}

/** All that was done for one run of a deployment. */
export interface Progress {
  readonly run: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Members of the deployment as it is shown. */
  readonly shown: JsonObject;
  readonly steps: readonly Step[];
}

/** What was kept of this run; undefined: it has not begun. */
export function progressOf(self: Resource<DeploymentAsked>): Progress | undefined {
  const { progress } = self.status.outputs;
  if (!isObject(progress) || progress['run'] !== self.properties.run || !isArray(progress['steps'])) return undefined;
  return progress as unknown as Progress;
}

export function outputsOf(progress: Progress): JsonObject {
  return { progress: JSON.parse(JSON.stringify(progress)) as Json };
}

export function stepError({ code, message, target, remedy }: Fault): StepError {
  return { code, message, ...(target === undefined ? {} : { target }), ...(remedy === undefined ? {} : { remedy }) };
}

/** What a deployment says of its plan. */
export function shownOfPlan(plan: Plan): JsonObject {
  const deployed = plan.resources.filter((one) => one.wanted && !one.existing);
  const byKey = new Map(plan.resources.map((one) => [one.key, one]));
  const ref = ({ id, type, name }: (typeof deployed)[number]): JsonObject => ({ id, resourceType: type, resourceName: name });
  return {
    templateHash: plan.hash,
    parameters: plan.parameters,
    providers: providersOf(deployed.map(({ type }) => type)),
    dependencies: deployed
      .filter((one) => one.dependsOn.size > 0)
      .map((one) => ({ dependsOn: [...one.dependsOn].map((key) => ref(byKey.get(key)!)), ...ref(one) })),
  };
}

function providersOf(types: readonly string[]): Json {
  const namespaces = new Map<string, Set<string>>();
  for (const type of types) {
    const [namespace = '', ...rest] = type.split('/');
    namespaces.set(namespace, (namespaces.get(namespace) ?? new Set()).add(rest.join('/')));
  }
  return [...namespaces].map(([namespace, names]) => ({
    namespace,
    resourceTypes: [...names].map((resourceType) => ({ resourceType, locations: [null] })),
  }));
}

type State = 'Accepted' | 'Running' | 'Deleting' | 'Succeeded' | 'Failed' | 'Canceled';

function deploymentState(self: Resource<DeploymentAsked>): State {
  const state = provisioningState(self);
  if (state === 'Deleting' || state === 'Succeeded') return state;
  if (self.properties.cancelled === true) return 'Canceled';
  if (state === 'Failed') return state;
  return progressOf(self) === undefined ? 'Accepted' : 'Running';
}

export function isRunning(self: Resource<DeploymentAsked>): boolean {
  return ['Accepted', 'Running'].includes(deploymentState(self));
}

/** The deployment in Azure's form. */
export function shownDeployment(self: Resource<DeploymentAsked>, { systemData: _systemData, ...usual }: JsonObject): JsonObject {
  const progress = progressOf(self);
  const { mode, run, askedAt } = self.properties;
  const { fault } = self.status;
  const state = deploymentState(self);
  const isOver = state === 'Failed' || state === 'Canceled';
  const details = (progress?.steps ?? []).flatMap(({ error }) => (error === undefined ? [] : [shownError(error)]));
  const error = !isOver || fault === undefined ? {} : { error: { ...shownError(fault), details } };
  return {
    ...usual,
    properties: {
      ...progress?.shown,
      mode,
      provisioningState: state,
      timestamp: progress?.endedAt ?? progress?.startedAt ?? askedAt,
      duration: durationBetween(progress?.startedAt ?? askedAt, progress?.endedAt ?? progress?.startedAt ?? askedAt),
      correlationId: run,
      ...(self.status.outcome === 'waiting' && self.status.waitingFor !== undefined ? { waitingFor: self.status.waitingFor } : {}),
      ...error,
    },
  };
}

/** With its remedy, as every other refusal. */
function shownError({ code, message, target, remedy }: StepError | StatusFault): JsonObject {
  return { ...armError({ code, message, target, remedy }) } as unknown as JsonObject;
}

/** ISO 8601. */
function durationBetween(from: string, to: string): string {
  const ms = Math.max(0, Date.parse(to) - Date.parse(from));
  return `PT${(ms / 1000).toString()}S`;
}

/** What a deployment did, one entry for each resource. */
export function operationsOf(self: Resource<DeploymentAsked>): readonly JsonObject[] {
  return (progressOf(self)?.steps ?? []).map((step) => {
    const { id, type, name, operationId, state, error, startedAt, endedAt = startedAt } = step;
    const status = state === 'Running' ? 'Accepted' : state === 'Failed' ? 'Conflict' : 'OK';
    return {
      name: operationId,
      id: `${self.id}/operations/${operationId}`,
      operationId,
      properties: {
        provisioningOperation: step.action,
        provisioningState: state,
        timestamp: endedAt,
        duration: durationBetween(startedAt, endedAt),
        statusCode: status,
        targetResource: { id, resourceType: type, resourceName: name },
        ...(error === undefined ? {} : { statusMessage: { status: 'Failed', error: shownError(error) } }),
      },
    };
  });
}
