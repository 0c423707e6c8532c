import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import { keyOf } from '#arm/resource-id.ts';
import { type Action, type CheckContext, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, Json, JsonObject, Resource } from '#arm/resource.ts';
import { sealAddress, type Sealed, shownAddress } from './webhook-address.ts';

export const actionGroupType = 'Microsoft.Insights/actionGroups';

export interface WebhookReceiver {
  readonly name: string;
  /** What is shown of it; all of it is sealed in `sealedAddresses`. */
  readonly serviceUri: string;
  readonly useCommonAlertSchema: boolean;
}

export interface EmailReceiver {
  readonly name: string;
  readonly emailAddress: string;
  readonly useCommonAlertSchema: boolean;
}

export interface ActionGroupProperties {
  readonly groupShortName: string;
  readonly enabled: boolean;
  readonly webhookReceivers: readonly WebhookReceiver[];
  readonly emailReceivers: readonly EmailReceiver[];
  /** By the receiver's name in lower case. */
  readonly sealedAddresses?: Readonly<Record<string, Sealed>>;
}

export interface ActionGroupOptions {
  readonly sealer: Sealer;
  /** Webhooks may lead to this host itself. */
  readonly allowsLocal: boolean;
  /** Sends a message to each receiver of a group, now, and answers what became of each. */
  readonly sendTest: (group: Resource<ActionGroupProperties>, signal: AbortSignal) => Promise<Json>;
}

const mostReceivers = 50;
const receiverName = z.string().regex(/^[^\p{Cc}]{1,60}$/u, 'must be a text of 1 to 60 characters');
// Simple on purpose: what is in a header must be one address, and no more than that.
const emailAddress = z
  .string()
  .max(254)
  .regex(/^[^\s<>(),;:\\"@\p{Cc}]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/u, 'must be one e-mail address');
const none = z.array(z.unknown()).max(0, 'must be empty: notifications go to emailReceivers and webhookReceivers').default([]);
const not = z.literal(false, 'is not possible here').optional();
const otherReceivers = [
  'smsReceivers',
  'itsmReceivers',
  'azureAppPushReceivers',
  'automationRunbookReceivers',
  'voiceReceivers',
  'logicAppReceivers',
  'azureFunctionReceivers',
  'armRoleReceivers',
  'eventHubReceivers',
  'incidentReceivers',
];

const properties = z.object({
  groupShortName: z.string().regex(/^[^\p{Cc}]{1,12}$/u, 'must be a text of 1 to 12 characters'),
  enabled: z.boolean().default(true),
  emailReceivers: z
    .array(z.object({ name: receiverName, emailAddress, useCommonAlertSchema: z.boolean().default(true) }))
    .max(mostReceivers)
    .default([]),
  webhookReceivers: z
    .array(
      z.object({ name: receiverName, serviceUri: z.string().min(1), useCommonAlertSchema: z.boolean().default(true), useAadAuth: not }),
    )
    .max(mostReceivers)
    .default([]),
  ...Object.fromEntries(otherReceivers.map((name) => [name, none])),
});

/**
 * Who is told of alerts. Of a webhook's address only scheme and host are shown: the rest is a secret and sealed. Not served: receivers of other
 * kinds, Azure sign-in of webhooks, and the old form of messages (`useCommonAlertSchema` false sends the common schema too).
 * Rule: https://learn.microsoft.com/rest/api/monitor/action-groups/create-or-update
 */
export function actionGroups(options: ActionGroupOptions): ResourceType<ActionGroupProperties> {
  return resourceType<ActionGroupProperties>({
    type: actionGroupType,
    summary: 'Who is told when an alert fires or is resolved: webhooks and e-mail addresses',
    versions: { floor: '2017-04-01', implemented: '2024-10-01-preview' },
    location: 'optional',
    name: {
      pattern: /^[^%&?+/\\<>:*\p{Cc}]{0,259}[^%&?+/\\<>:*\p{Cc}\s.]$/u,
      maxLength: 260,
      says: "anything but %&?+/\\<>:* and not ending with '.'",
    },
    properties: properties as unknown as z.ZodType<ActionGroupProperties>,
    secrets: ['sealedAddresses.*'],
    shows: { provisioningState: false, etag: false },
    complete: async (asked, context) => withSealed(asked, context, options),
    shape: (_, usual) => withoutAddresses(usual),
    actions: {
      sendTest: {
        summary: 'Send a test message to every receiver, and answer what became of each',
        input: z.looseObject({}),
        run: async ({ self, signal }) => ({ body: await options.sendTest(self!, signal) }),
      } satisfies Action<ActionGroupProperties, object>,
    },
  });
}

function withSealed(
  asked: Asked<ActionGroupProperties>,
  { before }: CheckContext<ActionGroupProperties>,
  { sealer, allowsLocal }: ActionGroupOptions,
): Asked<ActionGroupProperties> {
  const { webhookReceivers, emailReceivers } = asked.properties;
  checkNames([...webhookReceivers, ...emailReceivers]);
  const known = new Map(before?.properties.webhookReceivers.map((one) => [keyOf(one.name), one]));
  const sealedAddresses: Record<string, Sealed> = {};
  const shown = webhookReceivers.map((receiver, i) => {
    const key = keyOf(receiver.name);
    const sealedBefore = before?.properties.sealedAddresses?.[key];
    const was = known.get(key);
    const stored = sealedBefore === undefined || was === undefined ? undefined : { shown: was.serviceUri, sealed: sealedBefore };
    const sealed = sealAddress(receiver.serviceUri, stored, { at: `properties.webhookReceivers[${i}].serviceUri`, allowsLocal, sealer });
    sealedAddresses[key] = sealed;
    return { ...receiver, serviceUri: sealed === sealedBefore ? was!.serviceUri : shownAddress(receiver.serviceUri) };
  });
  return { ...asked, properties: { ...asked.properties, webhookReceivers: shown, sealedAddresses } };
}

function checkNames(receivers: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of receivers) {
    if (seen.has(keyOf(name)))
      throw fault('invalid', 'ReceiverNameTwice', `Two receivers are called '${name}'.`, {
        target: 'properties',
        remedy: 'Give each receiver of the group a name of its own.',
      });
    seen.add(keyOf(name));
  }
}

function withoutAddresses(usual: JsonObject): JsonObject {
  const { sealedAddresses: _, ...shown } = usual['properties'] as JsonObject;
  return { ...usual, properties: shown };
}
