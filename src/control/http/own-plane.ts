import { fault } from '#base/fault.ts';
import { keyOf, parseResourceId, segmentsOf } from '#arm/resource-id.ts';
import { planesOf, type TypePlane } from '#arm/type-plane.ts';
import { shortType } from '../resources/api-version.ts';
import { clip } from '../resources/places.ts';
import { answerPlace } from './arm-routes.ts';
import type { Suffixes } from './metadata.ts';
import type { Answer, Ask, Plane } from './plane.ts';
import { answerResource } from './resource-routes.ts';

/** An address on a plane of types' own. */
export interface OwnPlace {
  readonly of: TypePlane;
  /** The root's name. */
  readonly name: string;
  /** What follows it. */
  readonly rest: readonly string[];
}

/** Planes beside ARM, at which the children of some resources are asked for: see `PlaneFace` of types. */
export interface OwnPlanes {
  /** `/{prefix}/{name}/…`, or anything at the host `{name}.{suffix}`. Undefined: the address is on no such plane. */
  placeOf(segments: readonly string[], host: string | undefined): OwnPlace | undefined;
  answer(ask: Ask, place: OwnPlace): Promise<Answer>;
}

export function ownPlanes(plane: Plane, suffixes: Suffixes): OwnPlanes {
  const planes = planesOf(plane.catalog);
  const roots = planes.map((of) => rootsOf(of, plane));
  return {
    placeOf: ([first, name, ...rest], host) => {
      const byPrefix = planes.find(({ prefix }) => prefix.toLowerCase() === first?.toLowerCase());
      if (byPrefix !== undefined) return name === undefined ? undefined : { of: byPrefix, name, rest };
      const label = host?.slice(0, host.indexOf('.')) ?? '';
      const ending = host?.slice(label.length).replace(/:\d+$/, '').toLowerCase();
      const byHost = label === '' ? undefined : planes.find(({ hostSuffix }) => ending === `.${suffixes[hostSuffix].toLowerCase()}`);
      const words = [first, name, ...rest].filter((word) => word !== undefined);
      return byHost && { of: byHost, name: label, rest: words };
    },
    answer: async (ask, { of, name, rest }) => {
      const id = await roots[planes.indexOf(of)]!(name);
      const root = of.admit && (await plane.store.get(id));
      if (root !== undefined) await of.admit?.(root, ask.from, plane.store);
      const there: Plane = { ...plane, catalog: of.catalog };
      if (rest.length === 1 && rest[0]!.toLowerCase() === of.self.toLowerCase())
        return await answerResource(ask, parseResourceId(id), there);
      if (rest.length > 0) return await answerPlace(ask, [...segmentsOf(id), ...rest], there);
      throw fault('missing', 'NotFound', 'Nothing is at this address.', {
        remedy: `${shortType(of.root.type)} show themselves at /${of.self}; /openapi.json lists all addresses.`,
      });
    },
  };
}

/** Finds the id of a root by its name, which is in use but once. Fault: `ResourceNotFound` (missing). */
function rootsOf({ root }: TypePlane, { store }: Plane): (name: string) => Promise<string> {
  let known: ReadonlyMap<string, string> = new Map();
  let revision = -1;
  return async (name) => {
    const now = store.revision(root.type);
    if (now !== revision) {
      const all = await store.list({ within: '', type: root.type });
      known = new Map(all.map((one) => [keyOf(one.name), one.id]));
      revision = now;
    }
    const id = known.get(keyOf(name));
    if (id !== undefined) return id;
    throw fault('missing', 'ResourceNotFound', `The Resource '${root.type}/${clip(name, 80)}' was not found.`, {
      target: clip(name, 80),
      remedy: `Look at its name: GET /subscriptions/{subscription}/providers/${root.type} lists those there are.`,
    });
  };
}
