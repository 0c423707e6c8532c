import type { JsonObject } from '#arm/resource.ts';

export interface WebhookDraft {
  readonly name: string;
  /** Of one that is saved only scheme and host are shown: sent like that it stays as it is. */
  readonly serviceUri: string;
}

export interface EmailDraft {
  readonly name: string;
  readonly emailAddress: string;
}

/** Who is told, as a form holds it. */
export interface GroupDraft {
  readonly name: string;
  readonly shortName: string;
  readonly enabled: boolean;
  readonly webhooks: readonly WebhookDraft[];
  readonly emails: readonly EmailDraft[];
}

export const emptyGroup: GroupDraft = { name: '', shortName: '', enabled: true, webhooks: [], emails: [] };

export interface GroupProperties {
  readonly groupShortName: string;
  readonly enabled: boolean;
  readonly webhookReceivers: readonly WebhookDraft[];
  readonly emailReceivers: readonly EmailDraft[];
}

export function groupBody({ shortName, enabled, webhooks, emails }: GroupDraft): JsonObject {
  return {
    location: 'global',
    properties: {
      groupShortName: shortName,
      enabled,
      webhookReceivers: webhooks.map(({ name, serviceUri }) => ({ name, serviceUri: serviceUri.trim(), useCommonAlertSchema: true })),
      emailReceivers: emails.map(({ name, emailAddress }) => ({ name, emailAddress: emailAddress.trim(), useCommonAlertSchema: true })),
    },
  };
}

export function groupDraftOf(name: string, shown: GroupProperties): GroupDraft {
  return {
    name,
    shortName: shown.groupShortName,
    enabled: shown.enabled,
    webhooks: shown.webhookReceivers.map(({ name: receiver, serviceUri }) => ({ name: receiver, serviceUri })),
    emails: shown.emailReceivers.map(({ name: receiver, emailAddress }) => ({ name: receiver, emailAddress })),
  };
}

/** What keeps a group from being saved, one sentence each; the server says the rest. */
export function groupProblems({ name, shortName, webhooks, emails }: GroupDraft): readonly string[] {
  const names = [...webhooks, ...emails].map((receiver) => receiver.name.trim().toLowerCase());
  return [
    ...(/^[^%&?+/\\<>:*]{0,259}[^%&?+/\\<>:*\s.]$/.test(name)
      ? []
      : [String.raw`Give it a name: anything but %&?+/\<>:* and not ending with a dot or blank.`]),
    ...(/^.{1,12}$/.test(shortName) ? [] : ['Give it a short name of 1 to 12 characters: it stands in messages.']),
    ...(names.length === 0 ? ['Add a webhook or an e-mail address: else nobody is told.'] : []),
    ...(names.includes('') ? ['Give each receiver a name.'] : []),
    ...(new Set(names).size < names.length ? ['Two receivers have the same name.'] : []),
    ...(webhooks.some(({ serviceUri }) => !/^https?:\/\/\S+$/i.test(serviceUri.trim()))
      ? ['A webhook is an address that begins with https://.']
      : []),
    ...(emails.some(({ emailAddress }) => !/^[^\s@]+@[^\s@]+$/.test(emailAddress.trim())) ? ['An e-mail address is not one.'] : []),
  ];
}

/** The list with its entry at a place replaced; undefined: taken out. */
export function replaced<T>(list: readonly T[], at: number, value: T | undefined): readonly T[] {
  return list.flatMap((one, i) => (i !== at ? [one] : value === undefined ? [] : [value]));
}
