import { codePage, type CodePage } from './code-page.ts';
import { notSupported } from './tds-type.ts';

export const collationBytes = 5;
/** SQL_Latin1_General_CP1_CI_AS. */
export const usualCollation: Uint8Array = Uint8Array.of(0x09, 0x04, 0xd0, 0x00, 0x34);
/** Latin1_General_100_CI_AS_SC_UTF8: for clients that have the feature UTF8_SUPPORT. */
export const utf8Collation: Uint8Array = Uint8Array.of(0x09, 0x04, 0xd0, 0x24, 0x00);

/** `fUTF8` of the flags. */
const utf8Flag = 0x04;

/** Code pages by the language of the collation (low 16 bits of LCID), where they are not 1252. */
const byLanguage: ReadonlyMap<number, number> = new Map([
  ...of(874, 0x041e),
  ...of(932, 0x0411),
  ...of(936, 0x0804, 0x1004),
  ...of(949, 0x0412),
  ...of(950, 0x0404, 0x0c04, 0x1404),
  ...of(1250, 0x0405, 0x040e, 0x0415, 0x0418, 0x041a, 0x041b, 0x041c, 0x0424, 0x0442, 0x081a, 0x104e, 0x141a),
  ...of(1251, 0x0402, 0x0419, 0x0422, 0x0423, 0x042f, 0x043f, 0x0444, 0x046d, 0x0485, 0x082c, 0x0c1a, 0x201a),
  ...of(1253, 0x0408),
  ...of(1254, 0x041f, 0x042c, 0x0443),
  ...of(1255, 0x040d),
  ...of(1256, 0x0401, 0x0420, 0x0429, 0x0480, 0x048c),
  ...of(1257, 0x0425, 0x0426, 0x0427, 0x0827),
  ...of(1258, 0x042a),
]);
/** Languages of 1252 that collations of SQL Server are made for. */
const western: ReadonlySet<number> = new Set(
  [
    [0x0403, 0x0406, 0x0407, 0x0409, 0x040a, 0x040b, 0x040c, 0x040f, 0x0410, 0x0413, 0x0414, 0x0416, 0x0417, 0x041d, 0x042d, 0x042e],
    [0x0436, 0x0437, 0x0438, 0x043b, 0x0452, 0x0462, 0x047a, 0x047c, 0x047e, 0x0483, 0x0809, 0x0816, 0x083b, 0x085f, 0x0c0a],
  ].flat(),
);

/** Sort orders of collations whose names begin with `SQL_` (MS-TDS 2.2.5.1.2 calls it SortId), from and to. */
const bySortOrder: readonly (readonly [from: number, to: number, page: number])[] = [
  [30, 34, 437],
  [40, 49, 850],
  [50, 54, 1252],
  [55, 61, 850],
  [80, 98, 1250],
  [104, 108, 1251],
  [112, 124, 1253],
  [128, 130, 1254],
  [136, 138, 1255],
  [144, 146, 1256],
  [152, 160, 1257],
  [183, 186, 1252],
  [210, 217, 1252],
];

function of(page: number, ...languages: readonly number[]): readonly (readonly [number, number])[] {
  return languages.map((language) => [language, page] as const);
}

/** How texts of `char` and `varchar` are written under a collation (MS-TDS 2.2.5.1.2). Fault: `TdsNotSupported` (unsupported). */
export function codePageOf(collation: Uint8Array): CodePage {
  const number = pageNumber(collation);
  const page = number === undefined ? undefined : codePage(number);
  if (page !== undefined) return page;
  const hex = Buffer.from(collation).toString('hex');
  const of = number === undefined ? `of the collation 0x${hex}` : `of the code page ${number} (collation 0x${hex})`;
  throw notSupported(`A char or varchar ${of}`, 'Use nchar or nvarchar, or a collation of UTF-8 or of a Windows code page.');
}

function pageNumber(collation: Uint8Array): number | undefined {
  if ((collation[3]! & utf8Flag) !== 0) return 65_001;
  const order = collation[4]!;
  if (order !== 0) return bySortOrder.find(([from, to]) => order >= from && order <= to)?.[2];
  const language = collation[0]! | (collation[1]! << 8);
  // A client that says no language has its own, which is Western in all that leave it out.
  if (language === 0 || western.has(language)) return 1252;
  return byLanguage.get(language);
}
