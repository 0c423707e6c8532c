import { keyOf } from '#arm/resource-id.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { AuthoringOptions } from './options.ts';

/** While it is enabled, an integration runtime does what people ask for while they author: test a connection, browse, preview. */
export interface Interactive {
  /** It ends so long after the last interactive operation. */
  readonly autoTerminationMinutes: number;
  /** When it ends, if nothing is asked for until then; milliseconds since 1970. */
  readonly untilMs: number;
}

type Runtime = Pick<Resource<unknown>, 'id' | 'createdAt'>;
type Options = Pick<AuthoringOptions, 'store' | 'nowMs'>;

export const usualMinutes = 60;
const minuteMs = 60_000;

/** Undefined: it is not enabled, or its time has run out. Kept over restarts. */
export async function interactiveOf(runtime: Runtime, { store, nowMs }: Options): Promise<Interactive | undefined> {
  const kept = await store.setting(settingOf(runtime));
  if (kept === undefined || kept['createdAt'] !== runtime.createdAt) return undefined;
  const { autoTerminationMinutes, untilMs } = kept;
  if (typeof autoTerminationMinutes !== 'number' || typeof untilMs !== 'number' || untilMs <= nowMs()) return undefined;
  return { autoTerminationMinutes, untilMs };
}

export async function enableInteractive(runtime: Runtime, autoTerminationMinutes: number, { store, nowMs }: Options): Promise<void> {
  const untilMs = nowMs() + autoTerminationMinutes * minuteMs;
  await put(runtime, { createdAt: runtime.createdAt, autoTerminationMinutes, untilMs }, store);
}

export async function disableInteractive(runtime: Runtime, { store }: Options): Promise<void> {
  await put(runtime, undefined, store);
}

/** Its time begins anew: something was asked for. */
export async function renewInteractive(runtime: Runtime, { autoTerminationMinutes }: Interactive, options: Options): Promise<void> {
  await enableInteractive(runtime, autoTerminationMinutes, options);
}

/** As `getStatus` shows it. */
export function interactiveShown(interactive: Interactive | undefined): JsonObject {
  if (interactive === undefined) return { status: 'Disabled', autoTerminationMinutes: usualMinutes };
  const { autoTerminationMinutes, untilMs } = interactive;
  return { status: 'Enabled', autoTerminationMinutes, autoTerminationTime: new Date(untilMs).toISOString() };
}

async function put(runtime: Runtime, value: JsonObject | undefined, store: Options['store']): Promise<void> {
  await store.write((transaction) => transaction.putSetting(settingOf(runtime), value));
}

function settingOf({ id }: Runtime): string {
  return `data-factory.interactive ${keyOf(id)}`;
}
