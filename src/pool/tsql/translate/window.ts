import type { CallContext } from './functions.ts';
import { aggregateCall } from './aggregate.ts';
import type { Typed } from './typed.ts';
import { windowFunctions } from './window-functions.ts';

/** A call of an aggregate or a window function; undefined: it is neither. */
export function windowCall(context: CallContext): Typed | undefined {
  const rule = windowFunctions[context.name];
  return rule ? rule(context) : aggregateCall(context);
}
