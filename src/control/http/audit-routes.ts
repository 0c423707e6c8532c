import { fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AuditRecord } from '../audit/audit-record.ts';
import type { Answer, Ask, Plane } from './plane.ts';

const namespace = 'isthmus.audit';
const readAction = 'Isthmus.Audit/records/read';
const pageRecords = 500;

/** Whether segments are an address of the audit log. */
export function isAudit(segments: readonly string[]): boolean {
  const word = segments.at(-2);
  return word?.length === namespace.length && word.toLowerCase() === namespace;
}

/**
 * `GET [{scope}]/providers/Isthmus.Audit/records?$since=…&$top=…` lists what was asked in a scope, allowed and refused;
 * `POST /providers/Isthmus.Audit/verify` looks at the whole log's chain. Undefined: another path.
 */
export async function answerAudit(ask: Ask, log: AuditLog, { authorizer }: Pick<Plane, 'authorizer'>): Promise<Answer | undefined> {
  const [what = '', provider, marker] = ask.segments.toReversed().map((segment) => segment.toLowerCase());
  if (provider !== namespace || marker !== 'providers') return undefined;
  const scope = ask.segments
    .slice(0, -3)
    .map((segment) => `/${segment}`)
    .join('');
  await authorizer.check(ask.principal, readAction, scope === '' ? '/' : scope);
  if (what === 'records' && ask.method === 'GET') return records(ask, log, scope);
  if (what === 'verify' && ask.method === 'POST' && scope === '') return verdict(log);
  throw fault('missing', 'InvalidResourceType', `There is no ${ask.method} of '${what}' in Isthmus.Audit.`, {
    remedy: 'There are GET …/providers/Isthmus.Audit/records and POST /providers/Isthmus.Audit/verify.',
  });
}

async function records({ uri, base }: Ask, log: AuditLog, scope: string): Promise<Answer> {
  const sinceIso = uri.query.get('$since');
  const limit = Math.min(wholeNumber(uri.query.get('$top'), '$top') ?? pageRecords, pageRecords);
  const after = wholeNumber(uri.query.get('$skiptoken'), '$skiptoken') ?? 0;
  const page = await log.read({ sinceIso, scope: scope === '' ? undefined : scope, after, limit: limit + 1 });
  const shown = page.slice(0, limit);
  const value = shown.map(shownRecord);
  if (page.length <= limit) return { status: 200, body: { value } };
  const query = new URLSearchParams({
    $skiptoken: String(shown.at(-1)!.sequence),
    ...(sinceIso === undefined ? {} : { $since: sinceIso }),
  });
  return { status: 200, body: { value, nextLink: `${base}${scope}/providers/Isthmus.Audit/records?${query.toString()}` } };
}

function shownRecord({ at, ...record }: AuditRecord): JsonObject {
  return JSON.parse(JSON.stringify({ time: at, ...record })) as JsonObject;
}

async function verdict(log: AuditLog): Promise<Answer> {
  const found = await log.verify();
  const { records: count } = found;
  return {
    status: 200,
    body: found.ok ? { valid: true, records: count } : { valid: false, records: count, firstBad: found.sequence, reason: found.message },
  };
}

/** Fault: `InvalidQuery` (invalid). */
function wholeNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw fault('invalid', 'InvalidQuery', `${name} is not a whole number.`, {
    target: name,
    remedy: 'Leave it out, or take a nextLink as it is.',
  });
}
