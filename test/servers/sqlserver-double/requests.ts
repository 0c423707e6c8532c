import { decodeRpc } from '#wire/tds/rpc.ts';
import { decodeTransactionRequest, type TdsIsolation } from '#wire/tds/transaction-request.ts';
import type { TdsValue } from '#wire/tds/types/tds-type.ts';
import { StatementError } from './terms.ts';

/** A text that goes through `sp_executesql`, with its parameters by name. */
export interface Executed {
  readonly sql: string;
  readonly parameters: ReadonlyMap<string, TdsValue>;
}

/** The one procedure that the connector calls. Error 2812 for any other. */
export function readProcedure(payload: Uint8Array): Executed {
  const { calls } = decodeRpc(payload);
  const [{ procedure, parameters }] = calls as [(typeof calls)[number]];
  if (calls.length !== 1 || procedure !== 'sp_executesql')
    throw new StatementError({ number: 2812, text: `The double knows one call of sp_executesql, and not ${procedure}.` });
  const [statement, , ...given] = parameters;
  if (typeof statement?.value !== 'string')
    throw new StatementError({ number: 214, text: "Procedure expects parameter '@statement' of type 'nvarchar'." });
  return { sql: statement.value, parameters: new Map(given.map(({ name, value }) => [name, value])) };
}

export type TransactionAsked = { readonly kind: 'begin'; readonly isolation: TdsIsolation } | { readonly kind: 'commit' | 'rollback' };

export function readTransaction(payload: Uint8Array): TransactionAsked {
  const { step } = decodeTransactionRequest(payload);
  if (step.kind === 'begin') return { kind: step.kind, isolation: step.isolation ?? 'read-committed' };
  if (step.kind === 'save' || step.thenBegin !== undefined)
    throw new StatementError({
      number: 50_000,
      text: 'The double begins and ends transactions, and does nothing else with them.',
    });
  return { kind: step.kind };
}
