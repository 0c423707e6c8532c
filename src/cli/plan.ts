import { wordOf } from '#arm/client-answer.ts';
import type { CallOptions } from '#arm/client.ts';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { differences, type FieldDifference } from './compare.ts';
import type { Document } from './documents.ts';
import { brief } from './output.ts';
import { pathOf, placeOf, type Whereabouts } from './resource-paths.ts';
import type { Session } from './session.ts';

/** What would become of one resource. `unknown`: it cannot be said before. */
export interface PlannedChange {
  readonly id: string;
  readonly change: 'create' | 'change' | 'delete' | 'same' | 'unknown';
  readonly fields: readonly FieldDifference[];
}

/** A piece of what was asked for: one request that makes these changes. */
export interface Step {
  readonly changes: readonly PlannedChange[];
  /** What it answers in the end. */
  readonly perform: (options: CallOptions) => Promise<JsonObject>;
}

export function isNeeded({ changes }: Step): boolean {
  return changes.some(({ change }) => change !== 'same');
}

/** Members of a document that say where it goes, or that only the server says. */
const notSent = new Set(['id', 'name', 'type', 'scope', 'resourceGroup', 'apiVersion', 'dependsOn', 'etag', 'systemData', 'comments']);

/** A resource that is asked for. */
export interface AskedResource {
  /** The path as it is sent. */
  readonly path: string;
  readonly id: string;
  readonly body: JsonObject;
}

/** Faults: those of `pathOf` and `placeOf`. */
export function askedResource(document: JsonObject, where: Whereabouts): AskedResource {
  const path = typeof document['id'] === 'string' ? document['id'] : pathByName(document, where);
  const place = placeOf(path);
  const id = place.kind === 'resource' ? place.id.text : path;
  const version = typeof document['apiVersion'] === 'string' ? `?api-version=${encodeURIComponent(document['apiVersion'])}` : '';
  return { path: `${path}${version}`, id, body: Object.fromEntries(Object.entries(document).filter(([name]) => !notSent.has(name))) };
}

function pathByName({ type, name, scope, resourceGroup }: JsonObject, where: Whereabouts): string {
  return pathOf(wordOf(type), wordOf(name).split('/'), {
    subscription: where.subscription,
    group: typeof resourceGroup === 'string' ? resourceGroup : where.group,
    scope: typeof scope === 'string' ? scope : where.scope,
  });
}

/** Resources after those that they lie in or refer to; otherwise in the order given. */
export function inOrder(resources: readonly AskedResource[]): readonly AskedResource[] {
  const texts = resources.map(({ body }) => keyOf(JSON.stringify(body)));
  const keys = resources.map(({ id }) => keyOf(id));
  const needs = (i: number): number[] =>
    keys.flatMap((key, j) =>
      j !== i && key !== keys[i] && (isWithin(keys[i]!, key) || texts[i]!.includes(`"${key}"`) || texts[i]!.includes(`"${key}/`))
        ? [j]
        : [],
    );
  const done = new Set<number>();
  const ordered: AskedResource[] = [];
  const visit = (i: number): void => {
    if (done.has(i)) return;
    done.add(i);
    needs(i).forEach(visit);
    ordered.push(resources[i]!);
  };
  resources.forEach((_, i) => visit(i));
  return ordered;
}

/** Looks at what is there. `isRewritten`: what does not differ is written all the same. */
export async function resourceStep({ path, id, body }: AskedResource, { arm }: Session, isRewritten: boolean): Promise<Step> {
  const shown = await arm.find(path);
  const perform = (options: CallOptions): Promise<JsonObject> => arm.put(path, body, options);
  if (!shown) return { changes: [{ id, change: 'create', fields: [] }], perform };
  const fields = differences(body, shown);
  const isSame = !isRewritten && fields.every(({ isHidden }) => isHidden);
  return { changes: [{ id: typeof shown['id'] === 'string' ? shown['id'] : id, change: isSame ? 'same' : 'change', fields }], perform };
}

export function plainResources(documents: readonly Document[], where: Whereabouts): readonly AskedResource[] {
  return inOrder(documents.flatMap((one) => (one.kind === 'resource' ? [askedResource(one.body, where)] : [])));
}

const signs = { create: '+', change: '~', delete: '-', same: '=', unknown: '?' } as const;

/** The plan for people. */
export function planLines(changes: readonly PlannedChange[]): string {
  return changes
    .map(({ id, change, fields }) => {
      const lines = fields.map((field) => `    ${fieldLine(field)}\n`).join('');
      return `${signs[change]} ${change.padEnd(7)} ${id}\n${lines}`;
    })
    .join('');
}

function fieldLine({ name, before, after, isHidden }: FieldDifference): string {
  return isHidden ? `${name}: never shown, so not compared` : `${name}: ${value(name, before)} → ${value(name, after)}`;
}

function value(name: string, shown: Json | undefined): string {
  return /password|secret|token|key$/i.test(name) && shown !== undefined ? '***' : brief(shown);
}

/** `2 to create, 1 to change, 3 stay the same`. */
export function planSummary(changes: readonly PlannedChange[]): string {
  const count = (change: PlannedChange['change']): number => changes.filter((one) => one.change === change).length;
  const parts = [
    [count('create'), 'to create'],
    [count('change'), 'to change'],
    [count('delete'), 'to delete'],
    [count('unknown'), 'of which nothing can be said before'],
    [count('same'), 'the same'],
  ] as const;
  return parts.flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`])).join(', ');
}
