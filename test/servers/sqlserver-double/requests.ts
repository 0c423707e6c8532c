import { TdsReader } from '#wire/tds/bytes.ts';
import { readHeaders } from '#wire/tds/request-headers.ts';
import type { TdsValue } from '#wire/tds/types/tds-type.ts';
import { readType, readValue } from '#wire/tds/types/type-info.ts';
import { StatementError } from './terms.ts';
import type { Isolation } from './transaction.ts';

/** A text that goes through `sp_executesql`, with its parameters by name. */
export interface Executed {
  readonly sql: string;
  readonly parameters: ReadonlyMap<string, TdsValue>;
}

const byNumber = 0xffff;
const executeSql = 10;

/** The one procedure that the connector calls (MS-TDS 2.2.6.6). Error 2812 for any other. */
export function readProcedure(payload: Uint8Array): Executed {
  const reader = new TdsReader(payload, 'RPC');
  readHeaders(reader, 'RPC', '7.4');
  const length = reader.u16();
  const procedure = length === byNumber ? reader.u16() : reader.text(length);
  if (procedure !== executeSql && procedure !== 'sp_executesql')
    throw new StatementError({ number: 2812, text: `The double knows sp_executesql only, and not ${procedure}.` });
  reader.u16();
  const given: (readonly [string, TdsValue])[] = [];
  while (reader.left > 0) {
    const name = reader.shortText();
    reader.u8();
    given.push([name, readValue(reader, readType(reader, '7.4'))]);
  }
  const [statement] = given;
  if (typeof statement?.[1] !== 'string')
    throw new StatementError({ number: 214, text: "Procedure expects parameter '@statement' of type 'nvarchar'." });
  return { sql: statement[1], parameters: new Map(given.slice(2)) };
}

const requests = { 5: 'begin', 7: 'commit', 8: 'rollback' } as const;
const isolations: Readonly<Record<number, Isolation>> = { 2: 'read-committed', 5: 'snapshot' };

export type TransactionAsked = { readonly kind: 'begin'; readonly isolation: Isolation } | { readonly kind: 'commit' | 'rollback' };

/** Begin, commit, roll back (MS-TDS 2.2.6.9). */
export function readTransaction(payload: Uint8Array): TransactionAsked {
  const reader = new TdsReader(payload, 'a transaction request');
  readHeaders(reader, 'a transaction request', '7.4');
  const kind = (requests as Readonly<Record<number, 'begin' | 'commit' | 'rollback'>>)[reader.u16()];
  if (kind === undefined)
    throw new StatementError({ number: 50_000, text: 'The double begins and ends transactions, and does nothing else with them.' });
  return kind === 'begin' ? { kind, isolation: isolations[reader.u8()] ?? 'other' } : { kind };
}
