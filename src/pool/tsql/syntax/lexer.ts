import type { Fault } from '#base/fault.ts';
import { sqlError } from '../sql-error.ts';
import type { Token } from './token.ts';

const code = (character: string): number => character.charCodeAt(0);
const newline = code('\n');
const quote = code("'");
const doubleQuote = code('"');
const bracket = code('[');
const dollar = code('$');
const at = code('@');
const dot = code('.');
const dash = code('-');
const slash = code('/');
const star = code('*');

const letter = /[\p{L}\p{Nl}_]/u;
const wordPart = /[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]/u;
const space = /[\s\u0085\u200b]/;
const currencies = new Set(Array.from('$¢£¤¥€₩₹₽₺₪', code));
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE](?:[+-]?\d+|(?![\w@#$])))?/y;
const binary = /0[xX](?:[0-9a-fA-F]|\\\r?\n)*/y;
const money = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)?/y;
/** Blanks may stand inside of comparisons: `> =`. */
const symbol = /<\s*=|<\s*>|>\s*=|!\s*[=<>]|<<|>>|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|::|[-+*/%&|^~=<>(),.;:{}?!\\]/y;
/** Symbols that are no beginning of longer ones, by their codes. */
const alone: readonly (string | undefined)[] = Array.from({ length: 128 }, (_, c) =>
  '(),.;'.includes(String.fromCharCode(c)) ? String.fromCharCode(c) : undefined,
);
const spelled: Readonly<Record<string, string>> = { '!=': '<>', '!<': '>=', '!>': '<=' };

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function beginsWord(c: number, character: string): boolean {
  if (c < 128) return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c === 35;
  return letter.test(character);
}

function continuesWord(c: number, character: string): boolean {
  if (c < 128) return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || isDigit(c) || c === 95 || c === 35 || c === at || c === dollar;
  return wordPart.test(character);
}

/** What is made of each has a hundred times its bytes. */
const mostWords = 2_000_000;

/** Cuts a batch into words, once, from its beginning to its end. */
class Lexer {
  readonly tokens: Token[] = [];
  #at = 0;
  #line = 1;

  readonly sql: string;
  readonly #quotedIdentifier: boolean;

  constructor(sql: string, quotedIdentifier: boolean) {
    this.sql = sql;
    this.#quotedIdentifier = quotedIdentifier;
  }

  run(): Token[] {
    for (;;) {
      this.#skip();
      if (this.#at >= this.sql.length) break;
      this.#next();
    }
    this.#add('end', this.#at, '', '');
    return this.tokens;
  }

  #fail(number: number, text: string, line: number): Fault {
    return sqlError(number, text, { severity: 15, place: { line } });
  }

  #add(kind: Token['kind'], end: number, text: string, upper: string): void {
    if (this.tokens.length >= mostWords)
      throw this.#fail(8623, `A batch of more than ${mostWords} words is not read. Send it in several batches.`, this.#line);
    this.tokens.push({ kind, text, upper, at: this.#at, end, line: this.#line, quoted: false, national: false });
    this.#at = end;
  }

  /** Blanks and comments. */
  #skip(): void {
    const { sql } = this;
    for (; this.#at < sql.length; this.#at += 1) {
      const c = sql.charCodeAt(this.#at);
      if (c === newline) this.#line += 1;
      else if (c === dash && sql.charCodeAt(this.#at + 1) === dash) {
        const end = sql.indexOf('\n', this.#at);
        this.#at = (end === -1 ? sql.length : end) - 1;
      } else if (c === slash && sql.charCodeAt(this.#at + 1) === star) this.#comment();
      else if (c > 32 && (c < 128 || !space.test(sql[this.#at] as string))) return;
    }
  }

  /** Comments may hold comments. Stands on its last character afterwards. */
  #comment(): void {
    const { sql } = this;
    const line = this.#line;
    let open = 0;
    for (; this.#at < sql.length; this.#at += 1) {
      const c = sql.charCodeAt(this.#at);
      const following = sql.charCodeAt(this.#at + 1);
      if (c === newline) this.#line += 1;
      else if (c === slash && following === star) {
        open += 1;
        this.#at += 1;
      } else if (c === star && following === slash) {
        open -= 1;
        this.#at += 1;
        if (open === 0) return;
      }
    }
    throw this.#fail(113, "Missing end comment mark '*/'.", line);
  }

  #next(): void {
    const { sql } = this;
    const c = sql.charCodeAt(this.#at);
    const following = sql.charCodeAt(this.#at + 1);
    if ((c === 78 || c === 110) && following === quote) this.#enclosed("'", 'string', 2, { national: true });
    else if (c === quote) this.#enclosed("'", 'string', 1);
    else if (c === doubleQuote) this.#enclosed('"', this.#quotedIdentifier ? 'name' : 'string', 1, { quoted: true });
    else if (c === bracket) this.#enclosed(']', 'name', 1);
    else if (isDigit(c) || (c === dot && isDigit(following))) this.#number();
    else if (currencies.has(c)) this.#money();
    else if (beginsWord(c, this.#character(this.#at))) this.#word('word', this.#at);
    else if (c === at) this.#word('variable', this.#at + 1);
    else this.#symbol();
  }

  #character(index: number): string {
    return String.fromCodePoint(this.sql.codePointAt(index) ?? 0);
  }

  #word(kind: 'word' | 'variable', from: number): void {
    const { sql } = this;
    let end = from;
    while (end < sql.length) {
      const c = sql.charCodeAt(end);
      const character = c < 128 ? '' : this.#character(end);
      if (!continuesWord(c, character)) break;
      end += character.length || 1;
    }
    const text = sql.slice(this.#at, end);
    this.#add(kind, end, text, kind === 'word' ? text.toUpperCase() : '');
  }

  /** A text or a name up to `close`, which is doubled within. A backslash at the end of a line joins it with the next one. */
  #enclosed(close: string, kind: 'string' | 'name', opening: number, marks?: Partial<Token>): void {
    const { sql } = this;
    let from = this.#at + opening;
    let value = '';
    for (;;) {
      const end = sql.indexOf(close, from);
      if (end === -1) throw this.#fail(105, 'Unclosed quotation mark after the character string.', this.#line);
      value += sql.slice(from, end);
      if (sql[end + 1] !== close) {
        const line = this.#line;
        for (let at = value.indexOf('\n'); at !== -1; at = value.indexOf('\n', at + 1)) this.#line += 1;
        if (kind === 'string' && value.includes('\\')) value = value.replaceAll(/\\\r?\n/g, '');
        if (kind === 'name' && value === '') throw this.#fail(1038, emptyName, line);
        const token = { kind, text: value, upper: '', at: this.#at, end: end + 1, line, quoted: false, national: false, ...marks };
        this.tokens.push(token);
        this.#at = token.end;
        return;
      }
      value += close;
      from = end + 2;
    }
  }

  #number(): void {
    let end = this.#at;
    while (isDigit(this.sql.charCodeAt(end))) end += 1;
    const following = this.sql.charCodeAt(end);
    if (end > this.#at && following !== dot && (following | 32) !== 101 && (following | 32) !== 120) {
      this.#add('integer', end, this.sql.slice(this.#at, end), '');
      return;
    }
    binary.lastIndex = this.#at;
    const bytes = binary.exec(this.sql)?.[0];
    if (bytes !== undefined) {
      const digits = bytes
        .slice(2)
        .replaceAll(/\\\r?\n/g, '')
        .toUpperCase();
      this.#add('binary', this.#at + bytes.length, digits.length % 2 === 0 ? digits : `0${digits}`, '');
      this.#line += bytes.split('\n').length - 1;
      return;
    }
    number.lastIndex = this.#at;
    const text = number.exec(this.sql)?.[0] ?? '';
    const kind = /e/i.test(text) ? 'float' : text.includes('.') ? 'decimal' : 'integer';
    this.#add(kind, this.#at + text.length, text, '');
  }

  #money(): void {
    const c = this.#character(this.#at + 1);
    if (this.sql.charCodeAt(this.#at) === dollar && beginsWord(c.charCodeAt(0), c)) {
      this.#word('word', this.#at + 1);
      return;
    }
    money.lastIndex = this.#at + 1;
    const digits = money.exec(this.sql)?.[0] ?? '';
    const written = /\d/.test(digits) ? digits : '';
    this.#add('money', this.#at + 1 + written.length, written === '' ? '0' : written, '');
  }

  #symbol(): void {
    const only = alone[this.sql.charCodeAt(this.#at)];
    if (only !== undefined) {
      this.#add('symbol', this.#at + 1, only, only);
      return;
    }
    symbol.lastIndex = this.#at;
    const text = symbol.exec(this.sql)?.[0];
    if (text === undefined) {
      const character = this.#character(this.#at);
      throw this.#fail(102, `Incorrect syntax near '${character}'.`, this.#line);
    }
    const compact = text.length < 3 ? text : text.replaceAll(/\s+/g, '');
    const known = spelled[compact] ?? compact;
    const lines = text.length < 3 ? 0 : text.split('\n').length - 1;
    this.#add('symbol', this.#at + text.length, compact, known);
    this.#line += lines;
  }
}

const emptyName =
  'An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as "" or [] are not allowed. Change the alias to a valid name.';

/** The words of a batch in order, the last one of kind `end`. Faults as `sqlError` makes them: 105, 113, 102, 1038. */
export function lex(sql: string, options: { readonly quotedIdentifier: boolean }): readonly Token[] {
  return new Lexer(sql, options.quotedIdentifier).run();
}
