import { objectOf, textOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';

/** How an integration runtime stands, as `getStatus` tells it. */
export interface RuntimeStatus {
  readonly name: string;
  readonly state: string;
  readonly isolated: boolean | undefined;
  /** Why it is offline, with remedies. */
  readonly troubles: readonly string[];
  readonly authoring: {
    /** `Enabled`, `Enabling`, `Disabled`. */
    readonly status: string;
    readonly minutes: number;
    /** ISO 8601: when it ends, if nothing is asked for until then. */
    readonly until: string | undefined;
    /** Of the worker that is held ready: `cold`, `starting`, `warm`. */
    readonly worker: string | undefined;
  };
}

export function runtimeStatus(body: JsonObject): RuntimeStatus {
  const properties = objectOf(body['properties']);
  const own = objectOf(properties['typeProperties']);
  const authoring = objectOf(own['interactiveQuery']);
  const { isolated } = properties;
  const errors = own['otherErrors'];
  return {
    name: textOf(body['name']) ?? '',
    state: textOf(properties['state']) ?? 'unknown',
    isolated: typeof isolated === 'boolean' ? isolated : undefined,
    troubles: Array.isArray(errors)
      ? (errors as readonly JsonObject[]).map(({ code, message }) => `${textOf(code) ?? ''}: ${textOf(message) ?? ''}`)
      : [],
    authoring: {
      status: textOf(authoring['status']) ?? 'Disabled',
      minutes: Number(authoring['autoTerminationMinutes'] ?? 60),
      until: textOf(authoring['autoTerminationTime']),
      worker: textOf(objectOf(authoring['worker'])['state']),
    },
  };
}

/** What interactive authoring is doing, as a sentence. */
export function authoringWord({ authoring: { status, minutes, worker } }: RuntimeStatus): string {
  if (status === 'Enabled') return `On. A worker is held ready; it ends ${minutesWord(minutes)} after the last use.`;
  if (status === 'Enabling') return worker === 'cold' ? 'On. Its worker does not run yet.' : 'On. Its worker is starting.';
  return 'Off. Testing connections, browsing and previews need it.';
}

export function minutesWord(minutes: number): string {
  if (minutes === 1) return '1 minute';
  return minutes % 60 === 0 ? (minutes === 60 ? '1 hour' : `${minutes / 60} hours`) : `${minutes} minutes`;
}

export const minuteChoices: readonly number[] = [15, 30, 60, 120, 240, 480, 1440];

export function runtimeBody({ description, managed }: { readonly description: string; readonly managed: boolean }): JsonObject {
  return {
    properties: {
      type: 'Managed',
      ...(description.trim() !== '' && { description: description.trim() }),
      typeProperties: { computeProperties: { location: 'AutoResolve' } },
      ...(managed && { managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' } }),
    },
  };
}
