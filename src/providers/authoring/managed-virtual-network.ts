import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { explainAction } from '#arm/explain-action.ts';
import { type Action, type NameRule, type Read, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { EgressRecord, EgressReporter } from '#arm/egress-report.ts';
import type { JsonObject } from '#arm/resource.ts';
import { guidOf } from './guid.ts';
import type { AuthoringOptions } from './options.ts';
import { type AuthoringHome, onlyNetwork, partTypes, planeOf } from './home.ts';

export const managedName: NameRule = {
  pattern: /^[_A-Za-z0-9][-_A-Za-z0-9]*$/,
  maxLength: 127,
  says: "letters, digits, '-' and '_', not beginning with '-'",
};

/** The network that integration runtimes of a home stand in. Nobody chooses its addresses; its only ways out are managed private endpoints, and what the home's egress mode lets out. */
export function managedVirtualNetworks(home: AuthoringHome, { plan, explain, egressReport }: AuthoringOptions): ResourceType {
  return resourceType<JsonObject>({
    type: partTypes(home).network,
    summary: `The network that the integration runtimes of a ${home.noun} stand in`,
    versions: home.versions,
    ...planeOf(home, 'network'),
    location: 'none',
    hasTags: false,
    name: managedName,
    verbs: home.networkBy === 'users' ? ['put'] : [],
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    answers: home.answers,
    check: async (_, { id }) => {
      if (id.name === onlyNetwork) return;
      throw fault(
        'invalid',
        'InvalidManagedVirtualNetworkName',
        `A ${home.noun} has one managed virtual network, and it is called '${onlyNetwork}'.`,
        {
          target: id.text,
          remedy: `Name it ${onlyNetwork}.`,
        },
      );
    },
    show: async (self) => ({ vNetId: guidOf(self, 'network'), alias: self.id.split('/').at(-3)! }),
    actions: { explain: explainAction(explain) as Action<JsonObject, unknown> },
    reads: egressReport === undefined ? {} : { egressReport: reporting(home, egressReport) },
    reconcile: async (self) => {
      await plan.current(self);
      return { kind: 'ready' };
    },
    remove: async () => {
      await plan.current();
      return { kind: 'ready' };
    },
  });
}

/** `GET {network}/egressReport`: what was refused, what was let out, and what of that the mode `enforce` would break. */
function reporting(home: AuthoringHome, report: EgressReporter): Read<JsonObject> {
  return {
    summary: 'What left the network or was refused, for whom and why, and what enforcing would break',
    permission: 'read',
    run: async ({ id, resources }) => {
      const owner = id.parent === undefined ? undefined : await resources.get(id.parent);
      const { since, denied, wouldBreak, outside } = await report(id.key);
      const mode = owner === undefined ? 'enforce' : home.egress(owner);
      // What is enforced breaks already: that is among the refused.
      const breaking = mode === 'enforce' ? [] : wouldBreak.map(shown);
      return { mode, since, denied: denied.map(shown), wouldBreak: breaking, outside: outside.map(shown) };
    },
  };
}

function shown(record: EgressRecord): JsonObject {
  return { ...record };
}
