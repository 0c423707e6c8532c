import type { Outcome } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';

/** What a machine can be told to be. */
export type DesiredPower = 'running' | 'stopped' | 'deallocated';

/** What an action asks for. Kept beside what clients ask for, whose PUTs do not know it. */
export interface PowerWish {
  readonly state: DesiredPower;
  /** One more with each action: the same wish again is a restart. */
  readonly change: number;
}

/** What is true of it. `starting`: between the two ends of a restart. */
export interface PowerNow {
  readonly state: DesiredPower | 'starting';
  readonly change: number;
}

/** How long a restarting machine is away, at least. */
const restartMs = 250;

/** As it was settled last. A machine that is new runs. */
export function powerNow(outputs: JsonObject): PowerNow {
  const { powerState, powerChange } = outputs;
  const known = powerState === 'stopped' || powerState === 'deallocated' || powerState === 'starting' ? powerState : 'running';
  return { state: known, change: typeof powerChange === 'number' ? powerChange : 0 };
}

/** The next step towards what is wished for; `outputs` are all others. */
export function powerStep(now: PowerNow, wish: PowerWish | undefined, outputs: JsonObject): Outcome {
  const { state, change } = wish ?? { state: now.state === 'starting' ? 'running' : now.state, change: now.change };
  if (state === 'running' && now.state === 'running' && change !== now.change) {
    const away = { ...outputs, powerState: 'starting', powerChange: change };
    return { kind: 'waiting', for: 'The machine restarts.', retryMs: restartMs, outputs: away };
  }
  return { kind: 'ready', outputs: { ...outputs, powerState: state, powerChange: change } };
}

/** As the instance view names it. */
export function powerStatus({ state }: PowerNow): JsonObject {
  return { code: `PowerState/${state}`, level: 'Info', displayStatus: `VM ${state}` };
}
