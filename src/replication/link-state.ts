import { fault, type Fault } from '#base/fault.ts';

/**
 * What a link is doing, in Azure's words. Rule: https://learn.microsoft.com/azure/synapse-analytics/synapse-link/sql-database-synapse-link
 * (monitoring); what each operation does is in `next`.
 */
export type LinkState = 'Initial' | 'Starting' | 'Running' | 'Pausing' | 'Paused' | 'Resuming' | 'Stopping' | 'Stopped';

/**
 * What moves a link: people ask (`start`, `stop`, `pause`, `resume`), and what was asked for comes true (`following`: changes are followed;
 * `rested`: its worker is gone and its place is kept; `released`: its worker is gone, and source and landing zone keep nothing for it) or stops
 * being true (`lost`: it is asked to run and is not followed).
 */
export type LinkEvent = 'start' | 'stop' | 'pause' | 'resume' | 'following' | 'lost' | 'rested' | 'released';

/** The state after an event; undefined: there is no such step. */
type Steps = Readonly<Record<LinkEvent, LinkState | undefined>>;

const none: Steps = {
  start: undefined,
  stop: undefined,
  pause: undefined,
  resume: undefined,
  following: undefined,
  lost: undefined,
  rested: undefined,
  released: undefined,
};

/** Whole: every state says what every event does. A link is `Running` only while its source is followed: one that is lost is `Resuming`. */
const steps: Readonly<Record<LinkState, Steps>> = {
  Initial: { ...none, start: 'Starting' },
  Starting: { ...none, following: 'Running', lost: 'Starting', pause: 'Pausing', stop: 'Stopping' },
  Running: { ...none, following: 'Running', lost: 'Resuming', pause: 'Pausing', stop: 'Stopping' },
  Pausing: { ...none, following: 'Pausing', lost: 'Pausing', rested: 'Paused', stop: 'Stopping' },
  Paused: { ...none, resume: 'Resuming', stop: 'Stopping' },
  Resuming: { ...none, following: 'Running', lost: 'Resuming', pause: 'Pausing', stop: 'Stopping' },
  Stopping: { ...none, following: 'Stopping', lost: 'Stopping', rested: 'Stopping', released: 'Stopped' },
  Stopped: { ...none, start: 'Starting' },
};

export const linkStates: readonly LinkState[] = Object.keys(steps) as LinkState[];

/** Undefined: `event` means nothing in this state. */
export function nextLinkState(state: LinkState, event: LinkEvent): LinkState | undefined {
  return steps[state][event];
}

/** What the link's worker is to do in a state. */
export function wantedOf(state: LinkState): 'run' | 'rest' | 'release' | 'nothing' {
  switch (state) {
    case 'Starting':
    case 'Running':
    case 'Resuming':
      return 'run';
    case 'Pausing':
    case 'Paused':
      return 'rest';
    case 'Stopping':
      return 'release';
    case 'Initial':
    case 'Stopped':
      return 'nothing';
  }
}

const sentences: Readonly<Record<'start' | 'stop' | 'pause' | 'resume', string>> = {
  start: 'Only a link that is Initial or Stopped can be started; one that is Paused is resumed.',
  stop: 'Only a link that runs or is paused can be stopped.',
  pause: 'Only a link that runs can be paused.',
  resume: 'Only a link that is Paused can be resumed; one that is Initial or Stopped is started.',
};

/** What people ask for. Fault: `LinkStateConflict` (conflict). */
export function askedLinkState(name: string, state: LinkState, event: 'start' | 'stop' | 'pause' | 'resume'): LinkState {
  const next = nextLinkState(state, event);
  if (next !== undefined) return next;
  throw linkStateConflict(name, state, event);
}

function linkStateConflict(name: string, state: LinkState, event: 'start' | 'stop' | 'pause' | 'resume'): Fault {
  return fault('conflict', 'LinkStateConflict', `The link connection '${name}' is ${state}: it cannot ${event} now.`, {
    target: name,
    remedy: sentences[event],
  });
}
