import type { Action, ActionCall } from '#arm/resource-type.ts';

export type HomeCall<I> = Pick<ActionCall<unknown, I>, 'self' | 'input' | 'resources' | 'signal'>;

/** An action of a home, whatever its properties are. */
export interface HomeAction<I> extends Pick<Action<unknown, I>, 'summary' | 'input' | 'behindRoot'> {
  readonly run: (call: HomeCall<I>) => ReturnType<Action<unknown, I>['run']>;
}
