import { fault } from '#base/fault.ts';

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };

/**
 * The values of one line of COPY's text format (PostgreSQL documentation, COPY, "Text Format"), with the default delimiter and null string;
 * with or without its line break. Fault: `CopyLineUnreadable` (corrupt).
 */
export function parseCopyLine(line: string): readonly (string | null)[] {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line;
  return text.split('\t').map((field) => (field === '\\N' ? null : field.replaceAll(/\\(.?)/gs, (_, letter: string) => unescaped(letter))));
}

/** COPY TO writes no other escapes, least of all those by number. */
function unescaped(letter: string): string {
  const plain = escapes[letter];
  if (plain === undefined) throw fault('corrupt', 'CopyLineUnreadable', 'A line of COPY holds an escape that the server never writes.');
  return plain;
}
