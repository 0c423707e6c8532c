import { fault } from '#base/fault.ts';
import { typeCatalog, type AnyType, type PlaneFace, type TypeCatalog } from './resource-type.ts';

/** A plane beside ARM: see `PlaneFace`. */
export interface TypePlane {
  /** The type of its root, as ARM has it. */
  readonly root: AnyType;
  readonly prefix: string;
  readonly self: string;
  readonly hostSuffix: 'synapseAnalytics';
  readonly admit?: NonNullable<PlaneFace['root']>['admit'];
  /** The types that are asked for there, as they are there. The root is the first. */
  readonly catalog: TypeCatalog;
}

/** All planes of a catalogue, by its types alone. Fault: `PlaneFloorTooOld` (bug). */
export function planesOf({ all }: TypeCatalog): readonly TypePlane[] {
  return all.flatMap((root) => {
    const { plane } = root;
    if (plane?.root === undefined) return [];
    const below = `${root.type.toLowerCase()}/`;
    const types = all.filter((one) => one.plane !== undefined && one.type.toLowerCase().startsWith(below));
    return [{ root, ...plane.root, catalog: typeCatalog([root, ...types].map((type) => faced(type, type.plane!))) }];
  });
}

function faced(type: AnyType, { root, versions = type.versions, answers = type.answers, verbs, actions }: PlaneFace): AnyType {
  if (versions.floor.slice(0, 10) < type.versions.floor.slice(0, 10))
    throw fault('bug', 'PlaneFloorTooOld', `${type.type} answers api-versions on its plane that it does not answer itself.`);
  const isRoot = root !== undefined;
  const asked = actions ?? (isRoot ? [] : Object.keys(type.actions));
  return {
    ...type,
    versions,
    answers,
    verbs: verbs ?? (isRoot ? [] : type.verbs),
    actions: Object.fromEntries(asked.map((name) => [name, type.actions[name]!])),
  };
}

/**
 * What types show for scheme, host and port of this installation, `https://host:port`: whoever answers puts in those that the client used. Another
 * one in each process, so that no text of a user's can be taken for it; never kept.
 */
export const ownBase: string = `https://${crypto.randomUUID()}.invalid`;
