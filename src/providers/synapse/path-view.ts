import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import type { LinkProperties } from './link-shape.ts';
import type { PathProof } from './path-proof.ts';
import type { PathRecord } from './path-record.ts';

export interface SeenPaths {
  readonly link: Resource<LinkProperties>;
  /** Of the worker that runs. */
  readonly now: PathProof | undefined;
  readonly path: PathRecord;
  readonly engine: PathProof['engine'];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** `GET …/pathProof`. Ours: Azure has nothing like it. */
export function pathView({ link, now, path: { open, total, ended }, engine, nowMs }: SeenPaths): JsonObject {
  return {
    id: link.id,
    name: link.name,
    at: new Date(nowMs).toISOString(),
    engine,
    about,
    // Its end may have been written down meanwhile.
    worker: (open === null ? null : (now ?? null)) as unknown as Json,
    ended: ended.toReversed() as unknown as Json,
    total: total as unknown as Json,
  };
}

const about =
  'Bytes are of TCP payload: those that the worker counted at its own sockets, and those that the engine of the network counted for it, by endpoint. ' +
  'worker: the one that runs, since it began. ended: the latest twenty that have ended, kept with the link until it is deleted. ' +
  'total: all that have ended. Of a worker that ran when the program was killed nothing is known: Unknown.';
