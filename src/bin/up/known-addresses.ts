import type { FabricEngine } from '#fabric/engine.ts';

/** The addresses that forwarders last found behind a host's name. */
export function knownAddresses(engine: Pick<FabricEngine, 'onEvent'>): (host: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  engine.onEvent((event) => {
    if (event.kind === 'resolved') known.set(event.host.toLowerCase(), event.addresses);
  });
  return (host) => known.get(host.toLowerCase()) ?? [];
}
