import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import { keyOf, type ResourceId } from '#arm/resource-id.ts';
import type { Action, Read } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { FabricEngine, Session } from '#fabric/engine.ts';
import type { ConnectionProperties } from './approval.ts';

/** What knows of live connections, and ends them. */
export type LiveSessions = Pick<FabricEngine, 'sessions' | 'cut'>;

type Self = Pick<Resource<ConnectionProperties>, 'properties'>;

/** `GET {connection}/sessions`: who is connected through it at this moment. */
export function sessionsRead(live: LiveSessions): Read<ConnectionProperties> {
  return {
    summary: 'The live connections that came through the private endpoint: from whom, since when, where to, and what passed',
    run: async ({ self, id }) => ({ value: sessionsOf(self, id, live).map(shown) }),
  };
}

interface CutInput {
  readonly session?: string | undefined;
}

/** `POST {connection}/cut`: ends one of them, or all. Whether new ones are let in is decided by approval, not by this. */
export function cutAction(live: LiveSessions): Action<ConnectionProperties, CutInput> {
  return {
    summary: 'Cuts one live connection of the private endpoint, or without a session all; it may connect anew as long as it is approved',
    input: z.object({ session: z.string().min(1).max(100).optional() }),
    run: async ({ self, id, input: { session } }) => {
      const own = sessionsOf(self!, id, live);
      if (session !== undefined && !own.some((one) => one.id === session)) throw noSuchSession(session, id);
      const cut = own.length === 0 ? 0 : live.cut(endpointOf(self!), session);
      return { body: { cut } };
    },
  };
}

/** Where an endpoint leads elsewhere now, what passes it is not the business of whoever owns what it led to before. */
function sessionsOf(self: Self, { parent }: ResourceId, live: LiveSessions): readonly Session[] {
  const target = keyOf(parent!);
  return live.sessions(endpointOf(self)).filter(({ service }) => service === target);
}

function endpointOf({ properties }: Self): string {
  return keyOf(properties.privateEndpoint.id);
}

function shown({ id, state, sinceMs, asker, client, port, backend, target, bytesIn, bytesOut, idleMs }: Session): JsonObject {
  return {
    id,
    state,
    since: new Date(sinceMs).toISOString(),
    ...(asker !== undefined && { asker }),
    ...(client !== undefined && { client: { address: client.host, port: client.port } }),
    port,
    ...(backend !== undefined && { backend }),
    target: { ...target },
    bytesIn,
    bytesOut,
    idleMs,
  };
}

function noSuchSession(session: string, { text }: ResourceId): Fault {
  return fault('missing', 'SessionNotFound', `The connection has no live session ${session}: it has ended already.`, {
    target: text,
    remedy: `Ask which there are: GET ${text}/sessions. Without a session all are cut.`,
  });
}
