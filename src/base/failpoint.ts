import { environmentVariable } from './config.ts';
import { fault } from './fault.ts';

/** `exit` ends the process at once, as kill -9 does; `throw` throws a `bug`. */
type Action = 'exit' | 'throw';

interface Armed {
  readonly action: Action;
  /** Acts at this pass, counted down to 1. */
  passes: number;
}

/** The variable that arms crash points in a process: `name=exit`, or `name=throw:3` for the third pass; several with commas. */
export const failpointVariable = 'ISTHMUS_FAILPOINTS';

let armed: Map<string, Armed> | undefined;

/**
 * A named place at which tests make the process crash. Does nothing unless armed, and costs a comparison. Names are
 * `part.step.before` or `part.step.after`, for example `pool.commit.before`.
 */
export function failpoint(name: string): Promise<void> | undefined {
  armed ??= parseFailpoints(environmentVariable(failpointVariable) ?? '');
  return armed.size === 0 ? undefined : pass(armed, name);
}

/** Arms crash points in this process until disposed, instead of those of the environment. For tests. */
export function armFailpoints(text: string): Disposable {
  const before = armed;
  armed = parseFailpoints(text);
  return {
    [Symbol.dispose]: () => {
      armed = before;
    },
  };
}

async function pass(points: Map<string, Armed>, name: string): Promise<void> {
  const point = points.get(name);
  if (point === undefined || point.passes === 0) return;
  point.passes -= 1;
  if (point.passes > 0) return;
  if (point.action === 'throw') throw fault('bug', 'Failpoint', `The crash point ${name} was reached.`);
  process.kill(process.pid, 'SIGKILL');
  // The signal may arrive a moment later: nothing may happen in between.
  await new Promise<never>(() => undefined);
}

function parseFailpoints(text: string): Map<string, Armed> {
  const points = new Map<string, Armed>();
  for (const part of text.split(',').filter((word) => word.trim() !== '')) {
    const match = /^\s*([a-z][a-z0-9.-]*)=(exit|throw)(?::([1-9]\d*))?\s*$/.exec(part);
    const [, name, action, passes] = match ?? [];
    if (name === undefined || action === undefined) {
      throw fault('invalid', 'BadFailpoint', `${failpointVariable} has a part that is not NAME=exit|throw[:N].`, {
        target: failpointVariable,
        remedy: `Unset ${failpointVariable}, or write for example pool.commit.before=exit:3.`,
      });
    }
    points.set(name, { action: action as Action, passes: Number(passes ?? 1) });
  }
  return points;
}
