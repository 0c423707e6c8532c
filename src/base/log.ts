import { pino, type Logger } from 'pino';
import { Fault } from './fault.ts';
import { isSecret, maskAddresses } from './secret.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * Call order `log.info({ fields }, 'lower-case sentence')`: the sentence never changes, facts are fields, an error is the field `err`.
 * error: someone should look; warn: will need a look if it lasts; info: a change of state; debug: a step.
 * No row values, secrets or bodies; `Secret`s, fields named like one and passwords in addresses are masked as a second net.
 */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & { child(fields: LogFields): Log };

/** `part` names the part of the product that speaks, for example `fabric` or `link`. */
export interface LogFields {
  readonly part?: string;
  readonly [field: string]: unknown;
}

export interface LogRequest {
  readonly level: LogLevel;
  /** Takes whole lines of JSON. */
  readonly write: (line: string) => void;
}

const maskedNames = ['password', 'secret', 'token', 'connectionString', 'authorization', 'clientSecret', 'accessToken', 'privateKey'];
const depths = ['', '*.', '*.*.', '*.*.*.'];

/** JSON lines with level, time (ISO 8601, UTC), fields and `msg`. */
export function createLog(request: LogRequest): Log {
  return pino(
    {
      level: request.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: depths.flatMap((depth) => maskedNames.map((name) => depth + name)), censor: '***' },
      serializers: { err: describeError },
      formatters: { level: (label) => ({ level: label }), log: maskFields },
    },
    { write: request.write },
  );
}

/** A log that keeps nothing, for code that wants one and a caller that does not care. */
export const silentLog: Log = createLog({ level: 'silent', write: () => undefined });

interface ErrorFields {
  readonly kind: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly target?: string | undefined;
  readonly remedy?: string | undefined;
  readonly causes?: readonly string[];
  readonly stack?: string | undefined;
}

/** Faults with all they say; of their causes only name and code, whose texts may hold values of others; a stack only where it is a bug. */
function describeError(error: unknown): ErrorFields {
  if (!(error instanceof Error)) return toldBefore(error) ?? { kind: 'bug', code: undefined, message: maskAddresses(String(error)) };
  const causes = causesOf(error);
  const common = { message: maskAddresses(error.message), ...(causes.length === 0 ? {} : { causes }) };
  if (!(error instanceof Fault)) return { kind: 'bug', code: codeOf(error), ...common, stack: maskAddresses(error.stack ?? '') };
  const { kind, code, target, remedy } = error;
  const asked = { target: target === undefined ? undefined : maskAddresses(target), remedy };
  return { kind, code, ...common, ...asked, ...(kind === 'bug' ? { stack: maskAddresses(error.stack ?? '') } : {}) };
}

/** Of a line that the log of another process wrote. */
function toldBefore(error: unknown): ErrorFields | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const told = error as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => {
    const value = told[name];
    return typeof value === 'string' ? maskAddresses(value) : undefined;
  };
  const [kind, message] = [text('kind'), text('message')];
  if (kind === undefined || message === undefined) return undefined;
  return { kind, code: text('code'), message, target: text('target'), remedy: text('remedy'), stack: text('stack') };
}

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 8; cause = cause.cause) {
    causes.push([cause.name, codeOf(cause)].filter((word) => word !== undefined).join(' '));
  }
  return causes;
}

function codeOf(error: Error): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

function maskFields(fields: Record<string, unknown>): Record<string, unknown> {
  const masked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) masked[name] = printable(value);
  return masked;
}

function printable(value: unknown): unknown {
  if (typeof value === 'string') return maskAddresses(value);
  if (typeof value === 'bigint') return value.toString();
  return isSecret(value) ? value.toString() : value;
}
