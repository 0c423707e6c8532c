import { characterFunctions } from './character-functions.ts';
import { conditionFunctions } from './condition-functions.ts';
import { dateFunctions } from './date-functions.ts';
import type { FunctionRule } from './functions.ts';
import { jsonFunctions } from './json-functions.ts';
import { numberFunctions } from './number-functions.ts';
import { textFunctions } from './text-functions.ts';

const rules: ReadonlyMap<string, FunctionRule> = new Map(
  Object.entries({
    ...textFunctions,
    ...characterFunctions,
    ...numberFunctions,
    ...dateFunctions,
    ...jsonFunctions,
    ...conditionFunctions,
  }),
);

/** The rule of a function, by its name in capitals. */
export function ruleOf(name: string): FunctionRule | undefined {
  return rules.get(name);
}

/** All scalar functions, for docs/tsql.md. */
export function functionRules(): ReadonlyMap<string, FunctionRule> {
  return rules;
}

/** What SQL Server has and a pool has not, and what to write instead. */
export const lackingFunctions: ReadonlyMap<string, string> = new Map([
  ['BINARY_CHECKSUM', 'Use HASHBYTES.'],
  ['CHECKSUM', 'Use HASHBYTES.'],
  ['CHECKSUM_AGG', 'Use HASHBYTES.'],
  ['COMPRESS', ''],
  ['CRYPT_GEN_RANDOM', ''],
  ['CURSOR_STATUS', ''],
  ['DATE_BUCKET', 'Use DATETRUNC.'],
  ['DECOMPRESS', ''],
  ['DIFFERENCE', ''],
  ['FORMATMESSAGE', 'Use CONCAT.'],
  ['JSON_ARRAY', 'Use FOR JSON.'],
  ['JSON_MODIFY', ''],
  ['JSON_OBJECT', 'Use FOR JSON.'],
  ['JSON_PATH_EXISTS', 'Use JSON_VALUE or JSON_QUERY.'],
  ['NEWSEQUENTIALID', 'Use NEWID().'],
  ['RAND', 'Use NEWID() to choose rows.'],
  ['SOUNDEX', ''],
  ['UPDATE', ''],
]);
