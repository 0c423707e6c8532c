import type { Link, LinkStatus } from '#studio/data/link-shapes.ts';

export type LinkVerb = 'start' | 'pause' | 'resume' | 'stop';

interface LinkMeaning {
  /** On the button. */
  readonly text: string;
  /** In which states the server takes it. */
  readonly from: readonly string[];
  /** Why it is not to be had in others. */
  readonly otherwise: string;
  /** What follows, said before it is done. */
  readonly means: readonly string[];
}

/** What people ask of a link, and what it leads to. */
export const linkMeanings: Readonly<Record<LinkVerb, LinkMeaning>> = {
  start: {
    text: 'Start',
    from: ['Initial', 'Stopped'],
    otherwise: 'Only a link that is Initial or Stopped can be started; one that is Paused is resumed.',
    means: [
      'Every table is copied from the beginning, then its changes are followed.',
      'The source keeps its log for the link from now on, until the link is stopped or deleted.',
    ],
  },
  pause: {
    text: 'Pause',
    from: ['Starting', 'Running', 'Resuming'],
    otherwise: 'Only a link that runs can be paused.',
    means: [
      'Its worker ends, and tables stay as they are. Its place in the source is kept: it goes on from there when it is resumed.',
      'Meanwhile the log that the source keeps for it grows. At its budget the link gives its place up, and everything is copied anew.',
    ],
  },
  resume: {
    text: 'Resume',
    from: ['Paused'],
    otherwise: 'Only a link that is Paused can be resumed; one that is Initial or Stopped is started.',
    means: ['It goes on where it was paused. If it gave its place up meanwhile, everything is copied anew.'],
  },
  stop: {
    text: 'Stop',
    from: ['Starting', 'Running', 'Pausing', 'Paused', 'Resuming'],
    otherwise: 'Only a link that runs or is paused can be stopped.',
    means: [
      'Its worker ends, and the source gets its log back. Tables in the pool stay as they are, and are no longer kept true.',
      'The next start copies every table from the beginning. To go on later from the same place, pause it instead.',
    ],
  },
};

export const deleteMeans: readonly string[] = [
  'The link ends, and the source gets its log back. It is gone once its source has confirmed that.',
  'Tables in the pool stay as they are, and are no longer kept true.',
];

export const abandonMeans: readonly string[] = [
  'For a source that is gone for good: the link is deleted without giving anything back there.',
  'Should the source come back, it keeps its log for nobody until its disk is full: run there by hand what you are shown afterwards.',
];

/** Why it cannot be asked for now; undefined: it can. */
export function refusalOf(verb: LinkVerb, state: string | undefined): string | undefined {
  if (state === undefined) return 'The state of the link is not known yet.';
  const { from, otherwise } = linkMeanings[verb];
  return from.includes(state) ? undefined : `It is ${state}. ${otherwise}`;
}

/** `continuous`, `every 15 minutes`. */
export function modeText({ compute }: Pick<Link['properties'], 'compute'>): string {
  const minutes = compute?.dataProcessIntervalMinutes ?? 0;
  if (minutes === 0) return 'continuous';
  return minutes === 1 ? 'every minute' : `every ${minutes} minutes`;
}

/** Why it is not as it should be, its remedy apart; undefined: all is well. */
export function troubleOf({ error }: Pick<LinkStatus, 'error'>): LinkStatus['error'] {
  if (error === undefined) return undefined;
  const { remedy, message } = error;
  return typeof remedy === 'string' && message.endsWith(` ${remedy}`) ? { ...error, message: message.slice(0, -remedy.length - 1) } : error;
}

const sqlStart = /\b(?:ALTER|GRANT|REVOKE|CREATE|DROP|SELECT|SET|FLUSH|INSERT|UPDATE|DELETE|EXEC)\s[^\n]*;(?:\s*--[^\n]*)?/;

/** The statements in a remedy that can be run as they are; undefined: there are none. */
export function sqlOf(remedy: string | null | undefined): string | undefined {
  const sql = sqlStart.exec(remedy ?? '')?.[0].trim();
  // What a person has to fill in first is no statement yet.
  return sql === undefined || sql.includes('…') ? undefined : sql;
}
