import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askedLinkState, linkStates, nextLinkState, wantedOf, type LinkEvent, type LinkState } from './link-state.ts';

const events: readonly LinkEvent[] = ['start', 'stop', 'pause', 'resume', 'following', 'lost', 'rested', 'released'];

test('a life: started, lost and found, paused, resumed, stopped, started anew', () => {
  const life: readonly LinkEvent[] = [
    'start',
    'following',
    'lost',
    'following',
    'pause',
    'rested',
    'resume',
    'following',
    'stop',
    'released',
  ];
  const seen: LinkState[] = [];
  let state: LinkState = 'Initial';
  for (const event of [...life, 'start' as const]) {
    state = nextLinkState(state, event)!;
    seen.push(state);
  }
  expect(seen).toEqual([
    'Starting',
    'Running',
    'Resuming',
    'Running',
    'Pausing',
    'Paused',
    'Resuming',
    'Running',
    'Stopping',
    'Stopped',
    'Starting',
  ]);
});

test('whatever happens, a link is Running only right after it was followed, and can always be brought to Stopped once it was started', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 40 }), (happened) => {
      let state: LinkState = 'Initial';
      for (const event of happened) {
        const next: LinkState | undefined = nextLinkState(state, event);
        expect(next !== 'Running' || event === 'following').toBe(true);
        state = next ?? state;
      }
      if (state === 'Initial' || state === 'Stopped') return;
      const stopping = state === 'Stopping' ? state : askedLinkState('l', state, 'stop');
      expect(nextLinkState(stopping, 'released')).toBe('Stopped');
    }),
  );
});

test('a worker runs in the states that say so, and only in them', () => {
  expect(linkStates.map((state) => [state, wantedOf(state)])).toEqual([
    ['Initial', 'nothing'],
    ['Starting', 'run'],
    ['Running', 'run'],
    ['Pausing', 'rest'],
    ['Paused', 'rest'],
    ['Resuming', 'run'],
    ['Stopping', 'release'],
    ['Stopped', 'nothing'],
  ]);
});

test('what cannot be asked for is refused with what can', () => {
  expect(() => askedLinkState('shop', 'Paused', 'start')).toThrow(/'shop' is Paused: it cannot start now/);
  expect(() => askedLinkState('shop', 'Stopped', 'stop')).toThrow(expect.objectContaining({ code: 'LinkStateConflict', kind: 'conflict' }));
});
