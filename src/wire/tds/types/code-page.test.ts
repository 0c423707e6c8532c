import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codePage } from './code-page.ts';
import { codePageOf, usualCollation, utf8Collation } from './collation.ts';

/** A character of each that the others have elsewhere, or not. */
const characters: readonly (readonly [page: number, character: string, hex: string])[] = [
  [874, 'ก', 'a1'],
  [932, '日本', '93fa967b'],
  [936, '日本', 'c8d5b1be'],
  [949, '한', 'c7d1'],
  [950, '日', 'a4e9'],
  [1250, 'ő', 'f5'],
  [1251, 'Ж', 'c6'],
  [1252, 'äöü€', 'e4f6fc80'],
  [1253, 'Ω', 'd9'],
  [1254, 'ğ', 'f0'],
  [1255, 'א', 'e0'],
  [1256, 'ع', 'da'],
  [1257, 'ė', 'eb'],
  [1258, '₫', 'fe'],
  [65_001, 'ä€', 'c3a4e282ac'],
];

test.for(characters)('code page %i', ([number, text, hex]) => {
  const page = codePage(number)!;
  expect(Buffer.from(page.encode(text)!).toString('hex')).toBe(hex);
  expect(page.decode(Buffer.from(hex, 'hex'))).toBe(text);
});

test.for(characters)('what code page %i has is encoded and decoded', ([number]) => {
  const page = codePage(number)!;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      let text: string;
      try {
        text = page.decode(bytes);
      } catch {
        return;
      }
      const again = page.encode(text);
      // Of two ways to write a character one is taken.
      expect(again === undefined ? undefined : page.decode(again)).toBe(text);
    }),
  );
});

test('a character that a page lacks', () => {
  expect(codePage(1252)!.encode('日')).toBe(undefined);
  expect(codePage(65_001)!.encode('\ud800')).toBe(undefined);
});

test('bytes that mean nothing are corrupt', () => {
  expect(() => codePage(1253)!.decode(Uint8Array.of(0xaa))).toThrow('windows-1253');
  expect(() => codePage(65_001)!.decode(Uint8Array.of(0xff))).toThrow('utf-8');
});

const collations: readonly (readonly [what: string, collation: Uint8Array, page: string])[] = [
  ['SQL_Latin1_General_CP1_CI_AS', usualCollation, 'windows-1252'],
  ['Latin1_General_100_CI_AS_SC_UTF8', utf8Collation, 'UTF-8'],
  ['Latin1_General_CI_AS', Uint8Array.of(0x09, 0x04, 0xd0, 0x00, 0x00), 'windows-1252'],
  ['Japanese_CI_AS', Uint8Array.of(0x11, 0x04, 0xd0, 0x00, 0x00), 'shift_jis'],
  ['Cyrillic_General_CI_AS', Uint8Array.of(0x19, 0x04, 0xd0, 0x00, 0x00), 'windows-1251'],
  ['SQL_Czech_CP1250_CI_AS', Uint8Array.of(0x05, 0x04, 0xd0, 0x00, 0x54), 'windows-1250'],
  ['a client that says none', new Uint8Array(5), 'windows-1252'],
];

test.for(collations)('%s is written in %s', ([, collation, name]) => {
  expect(codePageOf(collation).name).toBe(name);
});

test('a collation of a page that is not known is refused by name', () => {
  // SQL_Latin1_General_CP850_CI_AS
  expect(() => codePageOf(Uint8Array.of(0x09, 0x04, 0xd0, 0x00, 0x2a))).toThrow('code page 850 (collation 0x0904d0002a)');
  expect(() => codePageOf(Uint8Array.of(0xff, 0x7f, 0x00, 0x00, 0x00))).toThrow('collation 0xff7f000000');
});
