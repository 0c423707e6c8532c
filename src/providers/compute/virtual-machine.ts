import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import { resourceType, type Action, type CheckContext, type Reconciler, type Reference, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { ComputeOptions } from './compute-options.ts';
import { rulesOf, ruleShown } from './forwarding-rule.ts';
import { interfacesOf } from './machine-network.ts';
import { powerNow, powerStatus, powerStep, type DesiredPower, type PowerWish } from './power.ts';
import { runCommand } from './run-command.ts';

const virtualMachineType = 'Microsoft.Compute/virtualMachines';
const networkInterfaceType = 'Microsoft.Network/networkInterfaces';

/** What clients ask for, and beside it what actions do. */
type VirtualMachineProperties = JsonObject & { readonly powerWish?: PowerWish & JsonObject };

const anything = z.looseObject({});

/** Rule: https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update. What a forwarder has no use for is kept as it came. */
const properties = z.object({
  hardwareProfile: z.looseObject({ vmSize: z.string().min(1).max(80).default('Standard_B1s') }).default({ vmSize: 'Standard_B1s' }),
  storageProfile: anything.optional(),
  osProfile: z
    .object({
      computerName: z.string().max(64).optional(),
      adminUsername: z.string().max(64).optional(),
      adminPassword: z.string().max(123).optional(),
      customData: z.string().max(90_000).optional(),
      linuxConfiguration: anything.optional(),
      allowExtensionOperations: z.boolean().optional(),
    })
    .optional(),
  networkProfile: z.object({
    networkInterfaces: z
      .array(
        z.object({
          id: z.string().max(2_000),
          properties: z.object({ primary: z.boolean().optional(), deleteOption: z.enum(['Delete', 'Detach']).optional() }).optional(),
        }),
      )
      .min(1, 'a machine has at least one network interface')
      .max(8),
  }),
  diagnosticsProfile: anything.optional(),
  securityProfile: anything.optional(),
  availabilitySet: anything.optional(),
  priority: z.enum(['Regular', 'Low', 'Spot']).optional(),
  userData: z.string().max(90_000).optional(),
}) as unknown as z.ZodType<VirtualMachineProperties>;

const envelope = z.object({
  zones: z
    .array(z.string().regex(/^[1-9]\d?$/, "must be the number of a zone, such as '1'"))
    .max(1, 'a machine lies in one zone')
    .optional(),
  plan: anything.optional(),
}) as unknown as z.ZodType<JsonObject>;

/**
 * A machine that forwards: an isolated host whose interfaces pass ports on to databases, as its rules say. It runs nothing else, whatever its
 * image. Its rules outlive restarts, PUTs and stops; while it is not running nothing passes.
 */
export function virtualMachines(options: ComputeOptions): ResourceType<VirtualMachineProperties> {
  return resourceType<VirtualMachineProperties>({
    type: virtualMachineType,
    summary: 'A forwarder: a host that passes ports on to databases',
    versions: { floor: '2020-06-01', implemented: '2025-04-01' },
    name: {
      pattern: /^[A-Za-z0-9](?:[\w.-]*\w)?$/,
      maxLength: 64,
      says: "letters, digits, '.', '-' and '_', beginning with a letter or digit",
    },
    properties,
    envelope,
    secrets: ['osProfile.adminPassword', 'osProfile.customData', 'userData'],
    answers: { created: 201, replaced: 200, deleted: 202 },
    references,
    check: checkMachine,
    complete: withWish,
    reconcile: reconcileMachine(options),
    remove: async () => {
      await options.plan?.current();
      return { kind: 'ready' };
    },
    show: async (self) => ({ timeCreated: self.createdAt, instanceView: instanceView(self) }),
    shape: withoutWish,
    views: { instanceView },
    actions: {
      start: powerAction('Start', 'running'),
      restart: powerAction('Restart: all its connections end, its rules stay', 'running', true),
      powerOff: powerAction('Stop: nothing passes until it is started', 'stopped'),
      deallocate: powerAction('Stop and give back what it runs on: nothing passes until it is started', 'deallocated'),
      runCommand: runCommand(options),
    },
  });
}

function references({ properties: asked }: Asked<VirtualMachineProperties>): readonly Reference[] {
  return interfacesOf(asked).map(({ id }, i) => ({
    id,
    at: `properties.networkProfile.networkInterfaces[${i}].id`,
    types: [networkInterfaceType],
  }));
}

async function checkMachine(asked: Asked<VirtualMachineProperties>, context: CheckContext<VirtualMachineProperties>): Promise<void> {
  const { id, resources } = context;
  const found = interfacesOf(asked.properties);
  for (const [i, one] of found.entries()) {
    const at = `properties.networkProfile.networkInterfaces[${i}].id`;
    if (found.findIndex((other) => keyOf(other.id) === keyOf(one.id)) !== i) {
      throw fault('invalid', 'InvalidParameter', `The network interface ${one.id} is named twice.`, {
        target: at,
        remedy: 'Name each network interface once.',
      });
    }
    const user = await machineOf(one.id, resources, id.key);
    if (user !== undefined) {
      throw fault('invalid', 'NicInUse', `Network Interface ${one.id} is used by existing resource ${user}.`, {
        target: at,
        remedy: 'Give this machine a network interface of its own, or delete the other machine first.',
      });
    }
  }
  const lost = (await rulesOf(id.text, resources)).find(({ properties: { device } }) => Number(device.slice(3)) >= found.length);
  if (lost !== undefined) {
    throw fault(
      'invalid',
      'NicInUse',
      `The forwarding rule ${lost.name} uses ${lost.properties.device}, which the machine would no longer have.`,
      {
        target: 'properties.networkProfile.networkInterfaces',
        remedy: `Keep the network interface, or delete ${lost.id} first.`,
      },
    );
  }
}

/** Clients do not know what actions asked for: it stays. */
async function withWish(
  asked: Asked<VirtualMachineProperties>,
  { before }: CheckContext<VirtualMachineProperties>,
): Promise<Asked<VirtualMachineProperties>> {
  const powerWish = before?.properties.powerWish;
  return powerWish === undefined ? asked : { ...asked, properties: { ...asked.properties, powerWish } };
}

async function machineOf(network: string, resources: ResourceReader, self: string): Promise<string | undefined> {
  const users = await resources.referrers(network);
  const ours = `/providers/${keyOf(virtualMachineType)}/`;
  return users.find((user) => keyOf(user).includes(ours) && keyOf(user) !== self);
}

function reconcileMachine({ plan }: ComputeOptions): Reconciler<VirtualMachineProperties> {
  return async (self, { resources }) => {
    const { outputs } = self.status;
    const { vmId = randomUUID() } = outputs;
    const forwarding = (await rulesOf(self.id, resources)).map(ruleShown);
    const next = powerStep(powerNow(outputs), self.properties.powerWish, { vmId, forwarding });
    await plan?.current(self, next.outputs);
    return next;
  };
}

function instanceView(self: Resource<VirtualMachineProperties>): JsonObject {
  const { outputs, outcome, settled } = self.status;
  const done = settled === self.generation && outcome === 'ready';
  const provisioning = done
    ? { code: 'ProvisioningState/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded', time: self.changedAt }
    : { code: 'ProvisioningState/updating', level: 'Info', displayStatus: 'Updating', time: self.changedAt };
  const power = powerStatus(powerNow(outputs));
  const agent = { code: 'ProvisioningState/succeeded', level: 'Info', displayStatus: 'Ready', message: 'The forwarder takes commands.' };
  return {
    computerName: self.name,
    osName: 'Isthmus forwarder',
    hyperVGeneration: 'V1',
    vmAgent: { vmAgentVersion: '1', statuses: [agent] },
    statuses: outputs['powerState'] === undefined ? [provisioning] : [provisioning, power],
  };
}

/** What actions asked for is the machine's own. */
function withoutWish(_: Resource<VirtualMachineProperties>, usual: JsonObject): JsonObject {
  const { powerWish: _wish, powerChange: _change, ...shown } = usual['properties'] as JsonObject;
  return { ...usual, properties: shown };
}

/** Writes down what the machine is to be; it answers when that is true. Being it already is as good, unless it is to go through it `again`. */
function powerAction(summary: string, state: DesiredPower, again = false): Action<VirtualMachineProperties, unknown> {
  return {
    summary,
    input: z.unknown(),
    run: async ({ self, update }) => {
      const { properties: asked, status } = self!;
      const before = asked.powerWish ?? powerNow(status.outputs);
      if (again && before.state !== 'running' && before.state !== 'starting') throw notRunning(self!, before.state);
      const change = before.change + (again ? 1 : 0);
      await update({ properties: { ...asked, powerWish: { state, change } } });
      return { settles: true };
    },
  };
}

function notRunning({ id, name }: Resource<unknown>, state: string): Error {
  return fault('conflict', 'OperationNotAllowed', `The VM '${name}' cannot be restarted: it is ${state}.`, {
    target: id,
    remedy: `Start it: POST ${id}/start.`,
  });
}
