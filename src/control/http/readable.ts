import { toFault, type Fault } from '#base/fault.ts';
import type { Authorizer } from '#arm/access.ts';
import type { Principal, TypeCatalog } from '#arm/resource-type.ts';

/** What of a list a principal may read. */
export interface Readable {
  /** Whether resources of the type, as permissions call it, may be read at this id. */
  mayRead(type: string, id: string): boolean | Promise<boolean>;
  /** The refusal of the place as a whole, if there was one. */
  readonly refusal: () => Fault | undefined;
}

/** Who may read at a place may read all in it: only for others is each resource asked about. `scope` empty: the tenant. */
export function readableBy(principal: Principal, scope: string, authorizer: Authorizer): Readable {
  const whole = new Map<string, boolean | Promise<boolean>>();
  let refusal: Fault | undefined;
  const checked = async (action: string, id: string): Promise<Fault | undefined> => {
    try {
      await authorizer.check(principal, action, id);
      return undefined;
    } catch (error) {
      const trouble = toFault(error);
      if (trouble.kind !== 'denied') throw trouble;
      return trouble;
    }
  };
  const inWhole = async (type: string): Promise<boolean> => {
    const trouble = await checked(`${type}/read`, scope === '' ? '/' : scope);
    refusal ??= trouble;
    whole.set(type, trouble === undefined);
    return trouble === undefined;
  };
  return {
    mayRead: (type, id) => {
      let known = whole.get(type);
      if (known === undefined) {
        known = inWhole(type);
        whole.set(type, known);
      }
      if (known === true) return true;
      const single = async (): Promise<boolean> => (await checked(`${type}/read`, id)) === undefined;
      return known === false ? single() : known.then((all) => all || single());
    },
    refusal: () => refusal,
  };
}

/** What permissions call a type. */
export function permissionTypeOf(catalog: TypeCatalog, type: string): string {
  return catalog.get(type)?.permissionType ?? type;
}
