import { fault } from '#base/fault.ts';

/** A table's name in its two parts, as it is sent. */
export type TableWords = { readonly schemaName: string; readonly tableName: string };

const part = '(?:"(?:[^"]|"")+"|\\[(?:[^\\]]|\\]\\])+\\]|[^".\\[\\]\\s]+)';
const form = new RegExp(`^(${part})\\.(${part})$`, 'u');

/** `public.orders`; parts with dots or spaces in double quotes or brackets. Fault: `BadTable`. */
export function readTableWords(text: string): TableWords {
  const [, schema, table] = form.exec(text.trim()) ?? [];
  if (schema !== undefined && table !== undefined) return { schemaName: unquoted(schema), tableName: unquoted(table) };
  throw fault('invalid', 'BadTable', `'${text}' is not the name of a table.`, {
    target: text,
    remedy: 'Give schema and name, such as public.orders or "My Schema"."order lines".',
  });
}

function unquoted(word: string): string {
  if (word.startsWith('"')) return word.slice(1, -1).replaceAll('""', '"');
  return word.startsWith('[') ? word.slice(1, -1).replaceAll(']]', ']') : word;
}
