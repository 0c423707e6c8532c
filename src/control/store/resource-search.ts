import type { Asked } from '#arm/resource.ts';
import type { Found, SearchPage, SearchQuery } from '#arm/store.ts';
import { placeKey, type ResourceRows } from './resource-rows.ts';

/** The name in a key. */
export function nameKeyOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** What the column `words` holds. */
export function searchedWords(key: string, { type, tags }: Pick<Asked, 'tags'> & { readonly type: string }): string {
  return [nameKeyOf(key), ...[type, ...Object.values(tags)].map((text) => text.toLowerCase())].join('\n');
}

/** The page that a search asks for. Only the index is read, and the rows that are found. */
export function searchRows(rows: ResourceRows, { after, limit, ...query }: SearchPage): Found[] {
  const { where, values } = conditions(query);
  const from = after === undefined ? '' : placeKey(after);
  const sql = `SELECT id, type FROM resources INDEXED BY resources_found WHERE (name_key, key) > (?, ?)${where} ORDER BY name_key, key LIMIT ?`;
  const found = rows.statement(sql).all(nameKeyOf(from), from, ...values, limit) as { id: string; type: string }[];
  return found.map(({ id, type }) => ({ id, type }));
}

/** How many a search finds, by type in lower case. */
export function countRows(rows: ResourceRows, query: SearchQuery): Map<string, number> {
  const { where, values } = conditions(query);
  const sql = `SELECT type_key, count(*) AS found FROM resources INDEXED BY resources_found WHERE true${where} GROUP BY type_key`;
  const counts = rows.statement(sql).all(...values) as { type_key: string; found: number }[];
  return new Map(counts.map((row) => [row.type_key, row.found]));
}

/** Few texts of statements for all searches: lists of types and words are each one parameter. */
function conditions({ within, types, text }: SearchQuery): { readonly where: string; readonly values: readonly string[] } {
  const words = (text ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const place = placeKey(within);
  const parts: string[] = [];
  const values: string[] = [];
  if (place !== '') {
    parts.push(` AND (key = ? OR (key > ? || '/' AND key < ? || '0'))`);
    values.push(place, place, place);
  }
  if (types !== undefined) {
    parts.push(' AND type_key IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(types.map((type) => type.toLowerCase())));
  }
  if (words.length === 1) parts.push(' AND instr(words, ?) > 0');
  if (words.length > 1) parts.push(' AND NOT EXISTS (SELECT 1 FROM json_each(?) AS word WHERE instr(words, word.value) = 0)');
  if (words.length > 0) values.push(words.length === 1 ? words[0]! : JSON.stringify(words));
  return { where: parts.join(''), values };
}
