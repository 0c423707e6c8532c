export interface JsonToken {
  readonly kind: 'name' | 'text' | 'number' | 'word' | 'plain';
  readonly text: string;
}

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

/** The parts of a JSON text, in order: put together they are the text. */
export function jsonTokens(text: string): readonly JsonToken[] {
  const tokens: JsonToken[] = [];
  let at = 0;
  const plain = (end: number): void => {
    if (end > at) tokens.push({ kind: 'plain', text: text.slice(at, end) });
  };
  for (const match of text.matchAll(token)) {
    plain(match.index);
    const [whole, quoted, colon, number] = match;
    if (quoted !== undefined) tokens.push({ kind: colon === undefined ? 'text' : 'name', text: quoted });
    else tokens.push({ kind: number === undefined ? 'word' : 'number', text: whole });
    if (colon !== undefined) tokens.push({ kind: 'plain', text: colon });
    at = match.index + whole.length;
  }
  plain(text.length);
  return tokens;
}
