import { policies, toFault, type Fault } from '#base/fault.ts';
import { backoffMs, delay } from '#base/service.ts';
import type { Handover } from './handover.ts';
import { countDurable, countPut, lagMs, noteLag } from './metrics.ts';
import { runLink, type LinkEvents, type LinkRun } from './run-link.ts';
import type { ChangeSource, Finding } from './source.ts';

/** One link that is to run, and what it tells. */
export interface LinkSession {
  /** For metrics and messages. */
  readonly name: string;
  readonly connect: (signal: AbortSignal) => Promise<ChangeSource>;
  /** A hand-over for one run; the session disposes of it. */
  readonly handover: () => Promise<Handover>;
  readonly signal: AbortSignal;
  readonly once: boolean;
  readonly resync: LinkRun['resync'];
  readonly choice?: LinkRun['choice'];
  readonly wishes?: LinkRun['wishes'];
  /** What the hand-over makes durable is in the pool, and so is how late it came known here. */
  readonly reachesPool: boolean;
  readonly events: LinkEvents;
  /** Before the first run: what the check found. */
  readonly onFindings: (findings: readonly Finding[]) => void;
  /** A source is connected; for questions beside the link. */
  readonly onConnected: (source: ChangeSource) => Promise<void>;
  /** The run broke and will be tried again. */
  readonly onWaiting: (fault: Fault, retryMs: number) => void;
}

/** A run that lasted this long was well, as is one that made anything durable: its failure counts as the first. */
const steadyMs = 60_000;

/** Runs the link until it is done or the signal aborts; what waiting can mend is tried again for ever. Throws what a human must mend. */
export async function runSession(session: LinkSession): Promise<void> {
  let resync = session.resync;
  let checked = false;
  for (let attempt = 0; !session.signal.aborted; attempt++) {
    const begun = performance.now();
    let wasWell = false;
    try {
      await using source = await session.connect(session.signal);
      if (!checked) session.onFindings(await source.check());
      checked = true;
      await session.onConnected(source);
      await using handover = await session.handover();
      const events = counted(session, () => {
        resync = undefined;
        wasWell = true;
      });
      const { signal, once, choice, wishes } = session;
      await runLink({ source, handover, signal, once, resync, choice, wishes, events });
      return;
    } catch (error) {
      const fault = toFault(error);
      if (session.signal.aborted && (fault.kind === 'cancelled' || fault.kind === 'unreachable')) return;
      if (policies[fault.kind].retry !== 'backoff') throw fault;
      if (wasWell || performance.now() - begun > steadyMs) attempt = 0;
      const pauseMs = backoffMs(attempt, Math.random());
      session.onWaiting(fault, pauseMs);
      await delay(pauseMs, session.signal).catch(() => undefined);
    }
  }
}

/** The session's events, with metrics; `onFirst` once anything is durable, since a resync must not be begun twice. */
function counted(session: LinkSession, onFirst: () => void): LinkEvents {
  const attributes = { link: session.name };
  return {
    onFollow: (book) => session.events.onFollow?.(book),
    onDeferred: (table, why) => session.events.onDeferred?.(table, why),
    onPut: (draft, book) => {
      countPut(draft, attributes);
      session.events.onPut?.(draft, book);
    },
    onDurable: (draft, book) => {
      onFirst();
      countDurable(attributes);
      if (session.reachesPool && draft.committedAt !== undefined) noteLag(lagMs(draft.committedAt, Date.now()), attributes);
      session.events.onDurable?.(draft, book);
    },
  };
}
