import { z } from 'zod';
import type { Fault } from '#base/fault.ts';
import type { Action } from './resource-type.ts';

interface ExplainInput {
  readonly host: string;
  readonly port: number;
}

interface ExplainedHop {
  readonly kind: string;
  readonly id: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What passed here since the engine began. */
  readonly counts?:
    | {
        readonly connections: number;
        readonly open: number;
        readonly refused: number;
        readonly bytesIn: number;
        readonly bytesOut: number;
      }
    | undefined;
}

/** The way from inside a network, hop by hop; `denied`: it ends there. */
type Explain = (ask: ExplainInput & { readonly segment: string }) => Promise<{
  readonly hops: readonly ExplainedHop[];
  readonly denied: Fault | undefined;
}>;

/** `POST {network}/explain`, of networks of any kind. */
export function explainAction<P>(explain: Explain): Action<P, ExplainInput> {
  return {
    summary: 'How a connection from inside the network to a host and port would go, hop by hop, or what denies it and what would mend it',
    input: z.object({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) }),
    run: async ({ id, input }) => {
      const { hops, denied } = await explain({ segment: id.key, ...input });
      const shown = hops.map(({ kind, id: of, ok, detail, counts }) => ({ kind, id: of, ok, detail, ...(counts && { counts }) }));
      if (denied === undefined) return { body: { open: true, hops: shown } };
      const { kind, code, message, target, remedy } = denied;
      return { body: { open: false, hops: shown, denied: { kind, code, message, ...(target && { target }), ...(remedy && { remedy }) } } };
    },
  };
}
