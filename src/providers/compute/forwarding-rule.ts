import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { readHost, readPort } from '#arm/host-port.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { resourceType, type CheckContext, type Outcome, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource, Status } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { ComputeOptions } from './compute-options.ts';
import { addressesOf, machineNetwork } from './machine-network.ts';

const forwardingRuleType = 'Microsoft.Compute/virtualMachines/forwardingRules';
export const forwardingRuleVersion = '2025-04-01';

/** What a forwarder passes on. Its name is the port on which it listens. */
export interface ForwardingRuleProperties {
  /** A host name, or an IPv4 address. In lower case. */
  readonly host: string;
  readonly toPort: number;
  /** `eth0`: the machine's first network interface. */
  readonly device: string;
}

type Rule = Resource<ForwardingRuleProperties>;

interface RuleShown extends ForwardingRuleProperties {
  readonly port: number;
}

const properties: z.ZodType<ForwardingRuleProperties> = z.object({
  host: z
    .string()
    .max(254)
    .transform((text, context) => {
      const host = readHost(text);
      if (host !== undefined) return host;
      context.addIssue({ code: 'custom', message: 'must be a host name, or the IPv4 address of a host' });
      return z.NEVER;
    }),
  toPort: z.int().min(1).max(65_535),
  device: z
    .string()
    .regex(/^eth\d{1,2}$/, 'must be the name of an interface: eth0 for the first')
    .default('eth0'),
});

const maxRules = 250;

/**
 * A port of a forwarder and where it leads: ours, beside Azure's types, since a machine's own properties are replaced by every PUT of clients
 * that do not know them. `ip_fwd.sh` writes it, so does a PUT. There is one rule for a port; writing it again replaces it.
 */
export function forwardingRules({ plan }: Pick<ComputeOptions, 'plan'>): ResourceType<ForwardingRuleProperties> {
  return resourceType<ForwardingRuleProperties>({
    type: forwardingRuleType,
    summary: 'A port of a forwarder, and the host and port to which it leads; its name is the port',
    versions: { floor: '2020-06-01', implemented: forwardingRuleVersion },
    location: 'none',
    hasTags: false,
    name: { pattern: /^[1-9]\d{0,4}$/, maxLength: 5, says: 'the port, 1 to 65535' },
    properties,
    check: checkRule,
    reconcile: (self, { resources }) => taken(self, resources, plan),
    remove: (self, { resources }) => taken(self, resources, plan),
    show: async ({ name }) => ({ port: Number(name) }),
  });
}

/** A machine that has trouble of its own is not asked all the time. */
const takeRetryMs: Readonly<Record<Status['outcome'], number>> = { new: 20, ready: 20, waiting: 250, failed: 5_000 };

/** A rule is true, or gone, once its machine says so: what the machine settles with is what the network is made of. */
async function taken(
  { id, name, properties: asked, deleting }: Rule,
  resources: ResourceReader,
  plan: ComputeOptions['plan'],
): Promise<Outcome> {
  const machine = await resources.get(parseResourceId(id).parent!);
  if (machine !== undefined && !machine.deleting) {
    const forwarding = machine.status.outputs['forwarding'];
    const shown = Array.isArray(forwarding) ? (forwarding as readonly RuleShown[]).find(({ port }) => port === Number(name)) : undefined;
    const done = deleting ? shown === undefined : shown !== undefined && isSame(asked, shown);
    if (!done) return { kind: 'waiting', for: `The machine ${machine.name} takes the rule.`, retryMs: takeRetryMs[machine.status.outcome] };
  }
  await plan?.current();
  return { kind: 'ready' };
}

function isSame(asked: ForwardingRuleProperties, { host, toPort, device }: RuleShown): boolean {
  return asked.host === host && asked.toPort === toPort && asked.device === device;
}

/** The rules of a machine, in the order in which they were made. */
export async function rulesOf(machine: string, resources: ResourceReader): Promise<readonly Rule[]> {
  const found = await resources.list({ within: machine, direct: true, type: forwardingRuleType });
  const rules = found.filter((rule) => !rule.deleting) as unknown as Rule[];
  return rules.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || Number(a.name) - Number(b.name));
}

/** As the machine shows it. */
export function ruleShown({ name, properties: { host, toPort, device } }: Rule): RuleShown & JsonObject {
  return { port: Number(name), host, toPort, device };
}

async function checkRule(asked: Asked<ForwardingRuleProperties>, context: CheckContext<ForwardingRuleProperties>): Promise<void> {
  const { id, before, resources } = context;
  if (readPort(id.name) === undefined) {
    throw fault('invalid', 'InvalidResourceName', `'${id.name}' is not a port.`, {
      target: id.name,
      remedy: "A rule's name is the port on which the machine listens: 1 to 65535.",
    });
  }
  const machine = (await resources.get(id.parent!))!;
  const { device, host } = asked.properties;
  const interfaces = await machineNetwork(machine, resources);
  const names = interfaces.map((_, at) => `eth${at}`);
  if (!names.includes(device)) {
    throw fault('invalid', 'NoSuchInterface', `The machine ${machine.name} has no interface ${device}.`, {
      target: 'properties.device',
      remedy: `It has ${names.join(', ')}.`,
    });
  }
  if (interfaces.some((one) => addressesOf(one).includes(host))) {
    throw fault('invalid', 'ForwardsToItself', `${host} is an address of the machine ${machine.name} itself.`, {
      target: 'properties.host',
      remedy: 'Give the host of the database; connections to the machine itself would come back for ever.',
    });
  }
  if (before === undefined && (await rulesOf(machine.id, resources)).length >= maxRules) {
    throw fault('invalid', 'TooManyForwardingRules', `The machine ${machine.name} has ${maxRules} rules already.`, {
      target: machine.id,
      remedy: 'Delete rules that are no longer needed, or make another machine.',
    });
  }
}
