import { fault } from '#base/fault.ts';
import type { Operation } from './operation.ts';
import { isWithin, keyOf, parsePlace, parseResourceId, segmentsOf } from './resource-id.ts';
import { newStatus, type Resource } from './resource.ts';
import type { PutRequest, Settlement } from './store.ts';

export interface ModelResource {
  /** Its etag is a count that grows when the real one must differ. */
  readonly resource: Resource;
  readonly references: readonly string[];
  readonly dueMs: number | undefined;
  readonly mark: number;
  /** Only its deletion makes it due. */
  readonly inert: boolean;
}

/** What a store must do, said as plainly as can be: everything in two maps, each question a walk over all of it. */
export class StoreModel {
  resources: Map<string, ModelResource> = new Map();
  operations: Map<string, Operation> = new Map();
  nowMs = 0;

  copy(): StoreModel {
    const copy = new StoreModel();
    copy.resources = new Map(this.resources);
    copy.operations = new Map(this.operations);
    copy.nowMs = this.nowMs;
    return copy;
  }

  inOrder(): ModelResource[] {
    return [...this.resources].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  }

  referrers(id: string): string[] {
    const key = keyOf(id);
    const refers = ({ resource, references }: ModelResource): boolean =>
      !isWithin(keyOf(resource.id), key) && references.some((to) => isWithin(keyOf(to), key));
    return this.inOrder().flatMap((one) => (refers(one) ? [one.resource.id] : []));
  }

  due(nowMs: number): string[] {
    const dueMs = (one: ModelResource): number => one.dueMs ?? Infinity;
    return this.inOrder()
      .filter((one) => one.dueMs !== undefined && one.dueMs <= nowMs)
      .toSorted((a, b) => dueMs(a) - dueMs(b))
      .map((one) => one.resource.id);
  }

  put(request: PutRequest): void {
    const key = keyOf(request.id);
    const before = this.resources.get(key);
    const lies = placesOf(request.id).flatMap((place) => this.resources.get(keyOf(place)) ?? []);
    if ([before, ...lies].some((one) => one?.resource.deleting)) throw fault('conflict', 'BeingDeleted', 'being deleted');
    const outer = lies[0]?.resource.id ?? '';
    const generation = (before?.resource.generation ?? 0) + 1;
    const { location, tags, envelope, properties, principal } = request;
    const status = before?.resource.status ?? newStatus;
    const ready = { settled: generation, outcome: 'ready' as const, waitingFor: undefined, fault: undefined, outputs: status.outputs };
    const now = new Date(this.nowMs).toISOString();
    this.resources.set(key, {
      resource: {
        location,
        tags,
        envelope,
        properties,
        generation,
        type: request.type,
        deleting: false,
        id: before?.resource.id ?? outer + parseResourceId(request.id).text.slice(outer.length),
        name: before?.resource.name ?? parseResourceId(request.id).name,
        etag: nextEtag(before),
        status: request.ready ? ready : status,
        createdAt: before?.resource.createdAt ?? now,
        changedAt: now,
        createdBy: before?.resource.createdBy ?? principal,
        changedBy: principal,
      },
      references: [...new Set(request.references.map(keyOf))],
      dueMs: request.ready ? undefined : this.nowMs,
      mark: (before?.mark ?? 0) + 1,
      inert: request.ready,
    });
    if (!request.ready) return;
    this.#end(key, { status: 'Succeeded', error: undefined });
    this.#wakeDependants(key);
  }

  markDeleting(id: string, principal: string): void {
    for (const [key, one] of this.resources) {
      const { resource } = one;
      const failed = resource.status.outcome === 'failed' && resource.status.settled === resource.generation;
      if (!isWithin(key, keyOf(id)) || (resource.deleting && !failed)) continue;
      const changed = { deleting: true, generation: resource.generation + 1, etag: nextEtag(one) };
      const by = { changedAt: new Date(this.nowMs).toISOString(), changedBy: principal };
      this.resources.set(key, { ...one, resource: { ...resource, ...changed, ...by }, dueMs: this.nowMs, mark: one.mark + 1 });
    }
  }

  remove(id: string): void {
    const key = keyOf(id);
    const one = this.resources.get(key);
    if (one === undefined) return;
    if (this.#holds(key)) throw fault('bug', 'NotEmpty', 'not empty');
    this.resources.delete(key);
    const over = {
      code: 'ResourceDeleted',
      message: `${one.resource.id} was deleted before it had settled.`,
      target: undefined,
      remedy: undefined,
    };
    for (const operation of this.#waitingFor(key)) {
      if (operation.kind !== 'delete') this.#endOne(operation, { status: 'Canceled', error: over });
      else if (operation.generation <= one.resource.generation) this.#endOne(operation, { status: 'Succeeded', error: undefined });
    }
    this.#wakeNearest([...placesOf(one.resource.id)]);
    for (const to of one.references) this.#wakeNearest([to, ...ownersOf(to)]);
  }

  settle(id: string, generation: number, { status, retryAtMs, mark }: Settlement): void {
    const key = keyOf(id);
    const one = this.resources.get(key);
    if (one === undefined || one.resource.generation !== generation) return;
    const before = one.resource.status;
    const after = { settled: generation, ...status };
    const same = JSON.stringify(before) === JSON.stringify({ ...before, ...after });
    const dueMs = mark !== undefined && one.mark > mark ? one.dueMs : retryAtMs;
    const resource = { ...one.resource, status: after, etag: same ? one.resource.etag : nextEtag(one) };
    this.resources.set(key, { ...one, resource, dueMs });
    if (status.outcome === 'ready') this.#end(key, { status: 'Succeeded', error: undefined });
    if (status.outcome === 'failed') this.#end(key, { status: 'Failed', error: status.fault });
    const moved = before.settled !== generation || before.outcome !== status.outcome;
    if (moved || JSON.stringify(before.outputs) !== JSON.stringify(status.outputs)) this.#wakeDependants(key);
  }

  putOperation(operation: Operation): void {
    const key = keyOf(operation.resource);
    this.operations.set(operation.id, operation);
    const resource = this.resources.get(key)?.resource;
    if (resource === undefined) {
      if (operation.kind === 'delete') this.#endOne(operation, { status: 'Succeeded', error: undefined });
      return;
    }
    const { settled, outcome, fault: error } = resource.status;
    if (settled !== resource.generation) return;
    if (outcome === 'ready' && !resource.deleting) this.#end(key, { status: 'Succeeded', error: undefined });
    if (outcome === 'failed') this.#end(key, { status: 'Failed', error });
  }

  #waitingFor(key: string): Operation[] {
    return [...this.operations.values()].filter((one) => keyOf(one.resource) === key && one.status === 'InProgress');
  }

  #end(key: string, end: Pick<Operation, 'status' | 'error'>): void {
    const generation = this.resources.get(key)?.resource.generation ?? 0;
    for (const one of this.#waitingFor(key)) if (one.generation <= generation) this.#endOne(one, end);
  }

  #endOne(operation: Operation, end: Pick<Operation, 'status' | 'error'>): void {
    this.operations.set(operation.id, { ...operation, ...end, endedAt: new Date(this.nowMs).toISOString() });
  }

  #holds(key: string): boolean {
    return [...this.resources.keys()].some((other) => other !== key && isWithin(other, key));
  }

  #wakeDependants(key: string): void {
    for (const [other, one] of this.resources) {
      if (other === key) continue;
      const toIt = one.references.some((to) => keyOf(to) === key);
      const intoIt = !isWithin(other, key) && one.references.some((to) => isWithin(keyOf(to), key));
      if (toIt) this.#makeDue(other);
      if (intoIt && one.references.some((to) => keyOf(to) !== key && isWithin(keyOf(to), key))) this.#makeDue(other);
    }
    this.#wakeNearest(placesOf(key));
  }

  #wakeNearest(places: readonly string[]): void {
    const key = places.map(keyOf).find((place) => this.resources.has(place));
    if (key !== undefined && !(this.resources.get(key)!.resource.deleting && this.#holds(key))) this.#makeDue(key);
  }

  #makeDue(key: string): void {
    const one = this.resources.get(key)!;
    const { status, generation, deleting } = one.resource;
    if (one.inert && !deleting) return;
    if (status.outcome === 'failed' && status.settled === generation && one.dueMs === undefined) return;
    this.resources.set(key, { ...one, mark: one.mark + 1, dueMs: Math.min(one.dueMs ?? Infinity, this.nowMs) });
  }
}

/** What an id lies in, from the nearest outwards. */
function placesOf(id: string): string[] {
  const places: string[] = [];
  for (let { parent } = parseResourceId(id); parent !== undefined; { parent } = parseResourceId(parent)) places.push(parent);
  return places;
}

/** The resources that an id may name a part of. */
function ownersOf(id: string): string[] {
  const place = parsePlace(segmentsOf(id));
  if (place?.kind !== 'resource' || place.id.names.length < 2 || place.id.parent === undefined) return [];
  return [place.id.parent, ...ownersOf(place.id.parent)];
}

function nextEtag(before: ModelResource | undefined): string {
  return String(Number(before?.resource.etag ?? 0) + 1);
}
