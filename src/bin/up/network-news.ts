import type { Log } from '#base/log.ts';
import type { FabricEvent } from '#fabric/engine.ts';

/** The same again is said after this time. */
const repeatMs = 60_000;
/** So many kinds of connections are told apart; beyond them all are said anew. */
const mostKinds = 1_000;

/**
 * What the network refuses, lets out and cuts, and which backends come and go, for the log. A connection that is refused or let out like one
 * before is said once a minute, with how many there were meanwhile: whoever tries without end does not fill the disk.
 */
export function networkNews(log: Log, nowMs: () => number): (event: FabricEvent) => void {
  const kinds = new Map<string, { saidMs: number; more: number }>();
  const repeated = (key: string): number | undefined => {
    const known = kinds.get(key);
    if (known !== undefined && nowMs() - known.saidMs < repeatMs) {
      known.more += 1;
      return undefined;
    }
    if (known === undefined && kinds.size >= mostKinds) kinds.clear();
    kinds.set(key, { saidMs: nowMs(), more: 0 });
    return known?.more ?? 0;
  };
  return (event) => {
    const { kind, ...facts } = event;
    switch (event.kind) {
      case 'refused':
      case 'outside': {
        const { segment, host, port, asker } = event;
        const repeats = repeated(JSON.stringify([kind, segment, host, port, asker, event.kind === 'refused' ? event.code : '']));
        if (repeats === undefined) return;
        log.info({ ...facts, ...(repeats > 0 && { repeats }) }, kind === 'refused' ? 'connection refused' : 'connection let out');
        return;
      }
      case 'cut':
        return log.warn(facts, 'connections cut');
      case 'health':
        return log.info(facts, 'health changed');
      case 'resolved':
        return log.debug(facts, 'host resolved');
      case 'allowed':
        return log.debug(facts, 'connection allowed');
      case 'applied':
        return log.debug(facts, 'plan applied');
    }
  };
}
