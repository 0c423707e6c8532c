import type { Login7 } from '#wire/tds/login7.ts';
import { doneStatus } from '#wire/tds/token-done.ts';
import { envOf } from '#wire/tds/token-env-change.ts';
import type { Token } from '#wire/tds/tokens.ts';
import { tdsVersion, type TdsVersion } from '#wire/tds/version.ts';
import type { FrontMessage, LoginOutcome } from './conversation-terms.ts';

/** SQL_Latin1_General_CP1_CI_AS. */
const usualCollation: Uint8Array = Uint8Array.from([0x09, 0x04, 0xd0, 0x00, 0x34]);
const language = 'us_english';
const transactSql = 1;
const usualPacketBytes = 4_096;
const leastPacketBytes = 512;
const mostPacketBytes = 32_767;

export interface LoginTerms {
  readonly login: Login7;
  readonly tds: TdsVersion;
  readonly packetBytes: number;
  readonly serverName: string;
}

/** The version that both speak; undefined: the client's is older than ours. Versions compare as text. */
export function agreeOnTds(asked: number): TdsVersion | undefined {
  const major = asked >>> 24;
  if (major === 0x08) return '8.0';
  if (major >= 0x74) return '7.4';
  return ({ 0x71: '7.1', 0x72: '7.2', 0x73: '7.3' } as const)[major];
}

/** 0: the server is to choose. */
export function agreeOnPacketBytes(asked: number): number {
  return asked === 0 ? usualPacketBytes : Math.min(mostPacketBytes, Math.max(leastPacketBytes, asked));
}

type Accepted = Pick<LoginOutcome & { readonly kind: 'accepted' }, 'database' | 'program' | 'version' | 'features'>;

/** The client's own number where its version has several; the first revision of 7.1 is spelled otherwise by servers (MS-TDS 2.2.7.14). */
function versionAnswered(asked: number): number {
  const version = agreeOnTds(asked);
  if (asked === 0x7100_0000) return 0x0701_0000;
  return version === undefined || version === '7.3' ? asked : tdsVersion[version];
}

export function acceptedTokens(outcome: Accepted, terms: LoginTerms): readonly Token[] {
  const { database, program, version, features = [] } = outcome;
  const { login, packetBytes, serverName } = terms;
  const said = { severity: 0, server: serverName, procedure: '', line: 1 };
  const size = { type: 'text', of: envOf.packetBytes, now: String(packetBytes), before: String(usualPacketBytes) } as const;
  return [
    { kind: 'env-change', change: { type: 'text', of: envOf.database, now: database, before: 'master' } },
    { kind: 'info', number: 5701, state: 2, text: `Changed database context to '${database}'.`, ...said },
    { kind: 'env-change', change: { type: 'bytes', of: envOf.collation, now: usualCollation, before: new Uint8Array(0) } },
    { kind: 'env-change', change: { type: 'text', of: envOf.language, now: language, before: '' } },
    { kind: 'info', number: 5703, state: 1, text: `Changed language setting to ${language}.`, ...said },
    { kind: 'login-ack', language: transactSql, tdsVersion: versionAnswered(login.tdsVersion), program, version },
    ...(features.length === 0 ? [] : [{ kind: 'feature-ack', features: features.map(([id, bytes]) => ({ id, bytes })) } as const]),
    { kind: 'env-change', change: size },
    { kind: 'done', status: 0, command: 0, rows: 0n },
  ];
}

export function refusedTokens(messages: readonly FrontMessage[], serverName: string): readonly Token[] {
  return [
    ...messages.map((message): Token => ({ kind: 'error', ...message, server: serverName, procedure: '', line: 1 })),
    { kind: 'done', status: doneStatus.error, command: 0, rows: 0n },
  ];
}

/** Clients want to see a login that was taken before they are sent elsewhere. */
export function routedTokens({ host, port }: { readonly host: string; readonly port: number }, terms: LoginTerms): readonly Token[] {
  const accepted = acceptedTokens({ database: 'master', program: 'Microsoft SQL Server', version: [12, 0, 2000] }, terms);
  return [...accepted.slice(0, -1), { kind: 'env-change', change: { type: 'routing', host, port } }, ...accepted.slice(-1)];
}
