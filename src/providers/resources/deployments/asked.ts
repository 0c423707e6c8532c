import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { guid } from './template/hashes.ts';
import { refuseFeature } from './template/refusal.ts';
import { isObject, type Fresh } from './template/scope.ts';

/** What is kept of a deployment. Template, parameters and seed are sealed in the store: parameters and literals may be secrets. */
export interface DeploymentAsked {
  readonly mode: 'Incremental' | 'Complete';
  readonly template: Json;
  readonly parameters: Json;
  /** What `newGuid()` is made of, so that each try of the same deployment gets the same. */
  readonly seed: Json;
  /** Differs with every PUT: what was done for another run does not count. */
  readonly run: string;
  /** ISO 8601, UTC: what `utcNow()` says. */
  readonly askedAt: string;
  readonly cancelled?: boolean | undefined;
  /** Of a what-if only. */
  readonly form?: 'ResourceIdOnly' | 'FullResourcePayloads';
}

export const sealedMembers: readonly string[] = ['template', 'parameters', 'seed'];

const anObject = z.record(z.string(), z.unknown());

const form = z.object({
  mode: z
    .string()
    .regex(/^(incremental|complete)$/i, "must be 'Incremental' or 'Complete'")
    .default('Incremental'),
  template: anObject.optional(),
  parameters: anObject.optional(),
  templateLink: anObject.optional(),
  parametersLink: anObject.optional(),
  onErrorDeployment: anObject.optional(),
  whatIfSettings: z.object({ resultFormat: z.string().optional() }).optional(),
});

/** The `properties` of a deployment as clients send them. Faults: `InvalidTemplate`, `TemplateFeatureNotSupported`. */
export function askedSchema(options: { readonly now?: () => Date; readonly newId?: () => string }): z.ZodType<DeploymentAsked> {
  const { now = () => new Date(), newId = randomUUID } = options;
  const schema = form.transform((given): DeploymentAsked => {
    for (const name of ['templateLink', 'parametersLink'] as const) {
      if (given[name] !== undefined)
        throw refuseFeature(`properties.${name}`, 'A linked template', 'Send what it links to in the deployment itself.');
    }
    if (given.onErrorDeployment !== undefined) {
      throw refuseFeature('properties.onErrorDeployment', 'Going back to another deployment', 'Deploy the earlier template anew.');
    }
    if (given.template === undefined) {
      throw fault('invalid', 'InvalidRequestContent', 'The request content is not valid: the deployment has no template.', {
        target: 'properties.template',
        remedy: 'Send the template as properties.template.',
      });
    }
    return {
      mode: /^c/i.test(given.mode) ? 'Complete' : 'Incremental',
      template: given.template as JsonObject,
      parameters: innerParameters((given.parameters ?? {}) as JsonObject),
      seed: newId(),
      run: newId(),
      askedAt: now().toISOString(),
      ...(given.whatIfSettings?.resultFormat?.toLowerCase() === 'resourceidonly' ? { form: 'ResourceIdOnly' as const } : {}),
    };
  });
  return schema as unknown as z.ZodType<DeploymentAsked>;
}

/** The whole content of a parameter file is taken, too. */
function innerParameters(given: JsonObject): JsonObject {
  const inner = given['parameters'];
  return typeof given['$schema'] === 'string' && isObject(inner) ? inner : given;
}

/** What was asked for, opened. */
export interface Opened {
  readonly mode: DeploymentAsked['mode'];
  readonly template: Json;
  readonly parameters: JsonObject;
  readonly fresh: Fresh;
}

export function openAsked(asked: DeploymentAsked, sealer: Sealer): Opened {
  const open = (value: Json): Json => (isSealed(value) ? (JSON.parse(sealer.open(value.$sealed).reveal()) as Json) : value);
  const openText = (value: Json): string => (isSealed(value) ? sealer.open(value.$sealed).reveal() : String(value as string));
  const parameters = open(asked.parameters);
  const seed = openText(asked.seed);
  return {
    mode: asked.mode,
    template: open(asked.template),
    parameters: isObject(parameters) ? parameters : {},
    fresh: { now: asked.askedAt, guid: (at) => guid([at], seed) },
  };
}

function isSealed(value: Json): value is { readonly $sealed: string } {
  return isObject(value) && typeof value['$sealed'] === 'string';
}
