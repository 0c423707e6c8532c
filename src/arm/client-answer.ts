import { fault, policies, type Fault, type FaultKind } from '#base/fault.ts';
import { kindOfStatus } from './arm-error.ts';
import type { FetchAnswer } from './client-fetch.ts';
import type { Json, JsonObject } from './resource.ts';

/** An answer that was read whole. */
export interface ArmAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Undefined where there is none, or none that is JSON. */
  readonly body: Json | undefined;
}

/** Fault: `AnswerUnreadable` (corrupt): a success that is not JSON. */
export async function readAnswer(answer: FetchAnswer, url: string): Promise<ArmAnswer> {
  const text = await answer.text();
  const { status, headers } = answer;
  if (text.trim() === '') return { status, headers, body: undefined };
  try {
    return { status, headers, body: JSON.parse(text) as Json };
  } catch (cause) {
    if (status >= 400) return { status, headers, body: undefined };
    const remedy = 'See that the address is that of Isthmus, with no proxy between that answers in its place.';
    throw fault('corrupt', 'AnswerUnreadable', `The answer of ${originOf(url)} is not JSON.`, { target: url, remedy, cause });
  }
}

export function originOf(url: string): string {
  return /^[a-z]+:\/\/[^/]+/i.exec(url)?.[0] ?? url;
}

export function objectOf(body: Json | undefined): JsonObject {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as JsonObject) : {};
}

/** A refusal as the fault that it was at the server. */
export function faultOfAnswer({ status, body }: ArmAnswer, url: string): Fault {
  const envelope = objectOf(body);
  const error = typeof envelope['error'] === 'object' ? objectOf(envelope['error']) : envelope;
  const kind = kindOf(status, textOf(error['code']));
  if (textOf(error['code']) !== undefined) return faultOfError(kind, error);
  const message = textOf(envelope['error_description']) ?? `${originOf(url)} answered with status ${status}.`;
  return fault(kind, textOf(envelope['error']) ?? policies[kind].armCode, message, { target: url });
}

/** The error of an operation that failed. */
export function faultOfOperation(status: string, error: Json | undefined, target: string): Fault {
  if (/^cancell?ed$/i.test(status)) return fault('cancelled', 'Canceled', 'The operation was cancelled.', { target });
  const told = objectOf(error);
  const code = textOf(told['code']);
  if (code !== undefined) return faultOfError(kindOf(409, code), told);
  return fault('conflict', 'OperationFailed', `The operation ended as ${status}.`, {
    target,
    remedy: `See what isthmus get ${target} says.`,
  });
}

function faultOfError(kind: FaultKind, error: JsonObject): Fault {
  const remedy = remedyOf(error['additionalInfo']);
  const message = textOf(error['message']) ?? 'No reason was given.';
  const details = Array.isArray(error['details'])
    ? (error['details'] as readonly Json[]).map((one) => faultOfError(kind, objectOf(one)))
    : [];
  return fault(kind, textOf(error['code']) ?? policies[kind].armCode, withoutRemedy(message, remedy), {
    target: textOf(error['target']),
    remedy: remedy ?? details.find((one) => one.remedy !== undefined)?.remedy,
    ...(details.length === 0 ? {} : { details }),
  });
}

/** Some kinds share a status; their usual codes tell them apart. */
function kindOf(status: number, code: string | undefined): FaultKind {
  const told = Object.entries(policies).find(([, policy]) => policy.armCode === code && (policy.http === status || status === 409));
  if (told !== undefined) return told[0] as FaultKind;
  return status === 500 ? 'bug' : kindOfStatus(status);
}

function remedyOf(additional: Json | undefined): string | undefined {
  if (!Array.isArray(additional)) return undefined;
  const found = (additional as readonly Json[]).map(objectOf).find((one) => one['type'] === 'Remedy');
  return found && textOf(objectOf(found['info'])['remedy']);
}

/** The message repeats the remedy, for clients that show nothing else. */
function withoutRemedy(message: string, remedy: string | undefined): string {
  return remedy !== undefined && message.endsWith(` ${remedy}`) ? message.slice(0, -remedy.length - 1) : message;
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A value as a word for people. */
export function wordOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
