import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { resourceType, type Action, type ActionCall, type CheckContext, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, Json, Resource } from '#arm/resource.ts';
import { askedSchema, type DeploymentAsked, openAsked, sealedMembers } from './asked.ts';
import { readPlace } from './place.ts';
import { isRunning, operationsOf, shownDeployment, shownOfPlan } from './progress.ts';
import { knownType } from './reads.ts';
import { deploymentReconciler } from './run.ts';
import { planTemplate } from './template/plan.ts';
import type { DeploymentOptions } from './tools.ts';
import { look, refuseTried, tryAll, whatIf } from './what-if.ts';

const deploymentType = 'Microsoft.Resources/deployments';

/**
 * Deployments of templates to a group, a subscription or the tenant. Deleting one deletes the record only.
 * Contract: https://learn.microsoft.com/rest/api/resources/deployments
 */
export function deployment(options: DeploymentOptions): ResourceType<DeploymentAsked> {
  const properties = askedSchema(options);
  return resourceType<DeploymentAsked>({
    type: deploymentType,
    summary: 'A template that is deployed: resources written in order of their dependencies.',
    scopes: ['group', 'subscription', 'tenant'],
    versions: { floor: '2019-05-01', implemented: '2025-04-01' },
    location: 'optional',
    name: { pattern: /^[-\w._()]{1,64}$/, maxLength: 64, says: "letters, digits, '-', '_', '.', '(' and ')'" },
    verbs: ['put', 'delete'],
    properties,
    secrets: sealedMembers,
    shows: { provisioningState: true, etag: false },
    answers: { created: 201, replaced: 200, deleted: 202 },
    looseBody: true,
    parts: { operations: operationsOf },
    check: async (asked, context) => check(asked, context, options),
    checkDelete: async (self) => {
      if (isRunning(self)) throw stillRunning(self);
    },
    shape: shownDeployment,
    reconcile: deploymentReconciler(options),
    actions: {
      validate: validateAction(properties, options),
      whatIf: whatIfAction(properties, options),
      cancel: cancelAction,
      exportTemplate: exportAction(options),
    },
  });
}

async function check(asked: Asked<DeploymentAsked>, context: CheckContext<DeploymentAsked>, options: DeploymentOptions): Promise<void> {
  const { id, before, resources } = context;
  if (before !== undefined && before.properties.run === asked.properties.run) return;
  if (before !== undefined && isRunning(before)) throw stillRunning(before);
  requireLocation(asked.location, id.scope);
  const opened = openAsked(asked.properties, options.sealer);
  const place = await readPlace(id, opened.mode, { resources, environment: options.environment });
  if (opened.mode === 'Complete' && place.kind !== 'group') {
    throw fault('invalid', 'InvalidDeploymentMode', 'The mode Complete is for deployments to a group.', {
      target: 'properties.mode',
      remedy: 'Use the mode Incremental.',
    });
  }
  const plan = planTemplate({ ...opened, place });
  for (const one of plan.resources) if (one.wanted && !one.existing) knownType(options.tools(), one.type, one.id);
}

function requireLocation(location: string | undefined, scope: string): void {
  if (location !== undefined || scope === 'group') return;
  throw fault('invalid', 'LocationRequired', 'The location property is required for deployments to a subscription or the tenant.', {
    target: 'location',
    remedy: 'Give a location: where the record of the deployment is kept.',
  });
}

function stillRunning({ id, name }: Resource<DeploymentAsked>) {
  return fault('conflict', 'DeploymentActive', `The deployment '${name}' is still active.`, {
    target: id,
    remedy: 'Wait until it has ended, or cancel it: POST …/cancel.',
  });
}

interface Sent {
  readonly location?: string | undefined;
  readonly properties: DeploymentAsked;
}

function validateAction(properties: z.ZodType<DeploymentAsked>, options: DeploymentOptions): Action<DeploymentAsked, Sent> {
  return {
    summary: 'Says whether a template would be deployed, without deploying it.',
    input: z.object({ location: z.string().optional(), properties }),
    needsResource: false,
    run: async (call) => {
      const { location, properties: asked } = call.input;
      requireLocation(location, call.id.scope);
      const looked = await look(call, asked, options);
      const tried = await tryAll(looked);
      refuseTried(tried, call.id.name);
      const { name, type, text: id } = call.id;
      const body = {
        ...shownOfPlan(looked.plan),
        mode: asked.mode,
        provisioningState: 'Succeeded',
        timestamp: asked.askedAt,
        duration: 'PT0S',
        correlationId: asked.run,
        validatedResources: tried.map(({ resource }) => ({ id: resource.id })),
      };
      return { body: { id, name, type, ...(location === undefined ? {} : { location }), properties: body } };
    },
  };
}

function whatIfAction(properties: z.ZodType<DeploymentAsked>, options: DeploymentOptions): Action<DeploymentAsked, Sent> {
  return {
    summary: 'Says what deploying a template would change.',
    input: z.object({ location: z.string().optional(), properties }),
    needsResource: false,
    run: async (call) => {
      const { location, properties: asked } = call.input;
      requireLocation(location, call.id.scope);
      const looked = await look(call, asked, options);
      const changes = await whatIf(looked, asked.form ?? 'FullResourcePayloads');
      return { body: { status: 'Succeeded', properties: { correlationId: looked.run, changes: changes as unknown as Json } } };
    },
  };
}

const cancelAction: Action<DeploymentAsked, unknown> = {
  summary: 'Stops a deployment that is running; what it has written stays.',
  input: z.unknown(),
  run: async ({ self, update }: ActionCall<DeploymentAsked, unknown>) => {
    if (self === undefined || !isRunning(self)) {
      throw fault('conflict', 'DeploymentCannotBeCancelled', `The deployment '${self?.name ?? ''}' is not running.`, {
        target: self?.id,
        remedy: 'Only a deployment that is running can be canceled.',
      });
    }
    await update({ properties: { ...self.properties, cancelled: true } });
    return {};
  },
};

function exportAction(options: DeploymentOptions): Action<DeploymentAsked, unknown> {
  return {
    summary: 'The template that was deployed.',
    input: z.unknown(),
    run: async ({ self, id }) => {
      if (self === undefined)
        throw fault('missing', 'DeploymentNotFound', `Deployment '${id.name}' could not be found.`, { target: id.text });
      return { body: { template: openAsked(self.properties, options.sealer).template } };
    },
  };
}
