import JSON5 from 'json5';
import { fault } from '#base/fault.ts';
import type { Json } from './resource.ts';

const maxDepth = 200;

/**
 * JSON as people and `az` write it: comments, member names without quotes, single quotes, commas at the end, raw line ends in strings.
 * What strict JSON can read means the same here. Infinity and NaN are refused: JSON cannot say them.
 * Fault: `InvalidRequestContent` (invalid), with line and column where they are known.
 */
export function parseLooseJson(text: string): Json {
  const strict = strictly(text);
  const value = strict === undefined ? loosely(text) : strict.value;
  if (!isJson(value, 0)) throw refusal('a number in it is not finite, or it is nested too deep', text);
  return value;
}

function strictly(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function loosely(text: string): unknown {
  const escaped = withEscapedLineEnds(text);
  try {
    return JSON5.parse<unknown>(escaped);
  } catch (error) {
    const { lineNumber, columnNumber } = error as { lineNumber?: unknown; columnNumber?: unknown };
    const where =
      typeof lineNumber === 'number' && typeof columnNumber === 'number' ? `near line ${lineNumber}, column ${columnNumber}` : '';
    throw refusal(`it cannot be read ${where}`.trim(), text);
  }
}

function refusal(why: string, text: string): Error {
  return fault('invalid', 'InvalidRequestContent', `The request content is not valid JSON: ${why}.`, {
    remedy:
      text.trim() === ''
        ? 'Send a JSON object.'
        : 'Send a JSON object; comments, unquoted member names and line ends in strings are read too.',
  });
}

/** A line end inside a string becomes `\n`, as the string's author meant; JSON5 would refuse it. */
function withEscapedLineEnds(text: string): string {
  const parts: string[] = [];
  let from = 0;
  let quote = '';
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (quote === '') {
      if (char === '"' || char === "'") quote = char;
      else if (char === '/') at = endOfComment(text, at) - 1;
    } else if (char === '\\') at += 1;
    else if (char === quote) quote = '';
    else if (char === '\n' || char === '\r') {
      parts.push(text.slice(from, at), char === '\n' ? '\\n' : '\\r');
      from = at + 1;
    }
    at += 1;
  }
  return parts.join('') + text.slice(from);
}

/** Where what begins with a slash ends: the place after it. */
function endOfComment(text: string, at: number): number {
  const second = text[at + 1];
  if (second !== '/' && second !== '*') return at + 1;
  const end = second === '/' ? text.indexOf('\n', at) : text.indexOf('*/', at + 2);
  if (end < 0) return text.length;
  return second === '/' ? end + 1 : end + 2;
}

function isJson(value: unknown, depth: number): value is Json {
  if (depth > maxDepth) return false;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value === null || typeof value === 'string' || typeof value === 'boolean';
  return Object.values(value).every((one) => isJson(one, depth + 1));
}
