import type { Fault } from '#base/fault.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Condition, Expression, Place, Query } from './ast.ts';
import { isReserved } from './reserved.ts';
import type { Statement } from './statement.ts';
import type { Token } from './token.ts';

/** Rules that need one another across files. */
export interface Grammar {
  readonly expression: (p: Reader) => Expression;
  readonly condition: (p: Reader) => Condition;
  /** Where only what follows tells which of the two it is. */
  readonly expressionOrCondition: (p: Reader) => Expression | Condition;
  readonly query: (p: Reader) => Query;
  /** What follows a query in parentheses that is the beginning of a larger one. */
  readonly queryFrom: (p: Reader, first: Query) => Query;
  readonly statement: (p: Reader) => Statement;
}

/** Levels within levels: parentheses, subqueries, blocks. */
const deepest = 200;
/** Levels of the tree that is made, where operators in a row make one each. */
const highest = 900;

/** Queries within values and conditions, one in the other: the engine's work to bind them doubles, and more, with each. SQL Server takes 32. */
const mostSubqueries = 12;

/** Reads a batch's words in order; the rules of the grammar are functions of it. */
export class Reader {
  readonly sql: string;
  quotedIdentifier: boolean;
  /** A statement that is known and not supported: the batch is refused for it as a whole. */
  refusal: Statement | undefined;
  readonly #tokens: readonly Token[];
  readonly #grammar: Grammar;
  readonly #firstWord: number;
  /** Whether the statement that was begun last is the batch's first word's. */
  startsBatch = true;
  /** Loops that what is read stands in. */
  loops = 0;
  /** Variables declared so far, in capitals: a batch declares each once, wherever. */
  readonly declared: Set<string> = new Set();
  #next = 0;
  #depth = 0;
  #subqueries = 0;
  #height = 0;

  constructor(sql: string, tokens: readonly Token[], grammar: Grammar, quotedIdentifier: boolean) {
    this.sql = sql;
    this.#tokens = tokens;
    this.#firstWord = tokens.findIndex((token) => token.upper !== ';');
    this.#grammar = grammar;
    this.quotedIdentifier = quotedIdentifier;
  }

  /** The word that is next, or one further on. */
  peek(ahead = 0): Token {
    const at = this.#next + ahead;
    const token = this.#tokens[at < this.#tokens.length ? at : this.#tokens.length - 1] as Token;
    if (!token.quoted) return token;
    const kind = this.quotedIdentifier ? 'name' : 'string';
    return token.kind === kind ? token : { ...token, kind };
  }

  /** The word read last. */
  get previous(): Token {
    return (this.#tokens[this.#next - 1] ?? this.#tokens[0]) as Token;
  }

  /** Whether nothing has been read yet but semicolons. */
  get isAtFirstWord(): boolean {
    return this.#next === this.#firstWord;
  }

  get atEnd(): boolean {
    return this.peek().kind === 'end';
  }

  advance(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  /** Whether the next word is this keyword or symbol. */
  is(upper: string, ahead = 0): boolean {
    return this.peek(ahead).upper === upper;
  }

  isAny(uppers: ReadonlySet<string>, ahead = 0): boolean {
    return uppers.has(this.peek(ahead).upper);
  }

  /** Whether these are the next words. */
  are(first: string, ...others: readonly string[]): boolean {
    return this.is(first) && others.every((upper, index) => this.is(upper, index + 1));
  }

  /** Reads the words where they are next. */
  accept(first: string, ...others: readonly string[]): boolean {
    if (!this.is(first) || (others.length > 0 && !this.are(first, ...others))) return false;
    this.#next += 1 + others.length;
    return true;
  }

  expect(...uppers: readonly string[]): Token {
    const first = this.peek();
    for (const upper of uppers) {
      if (!this.is(upper)) throw this.unexpected();
      this.advance();
    }
    return first;
  }

  place(token: Token = this.peek()): Place {
    return { at: token.at, line: token.line };
  }

  /** SQL Server's complaint about the next word. */
  unexpected(token: Token = this.peek()): Fault {
    const place = token.kind === 'end' ? this.previous : token;
    if (place.kind === 'word' && isReserved(place.upper) && token.kind !== 'end') {
      return this.error(156, `Incorrect syntax near the keyword '${place.text}'.`, place);
    }
    return this.error(102, `Incorrect syntax near '${this.#shown(place)}'.`, place);
  }

  /** Names and keywords as they are written; of texts nothing, they are values. */
  #shown(token: Token): string {
    if (token.kind === 'string' || token.kind === 'binary') return '...';
    return token.text.slice(0, 128);
  }

  error(number: number, text: string, place: Pick<Place, 'line'> = this.peek()): Fault {
    return sqlError(number, text, { severity: 15, place });
  }

  unsupported(what: string, place: Pick<Place, 'line'> = this.peek(), remedy?: string): Fault {
    return notSupported(what, place, remedy);
  }

  /** Where a statement of its own ends that is not supported nobody knows: reading ends with it. */
  refuse(words: string, place: Place = this.place()): Fault {
    this.refusal = { ...place, kind: 'unsupported', words };
    return this.unsupported(words, place);
  }

  /** One level deeper: to be left by `leave` with what it gives. */
  enter(): number {
    this.#depth += 1;
    if (this.#depth > deepest) throw this.#tooDeep();
    const outer = this.#height;
    this.#height = 0;
    return outer;
  }

  leave(outer: number): void {
    this.#depth -= 1;
    this.#height = Math.max(outer, this.#height + 1);
    if (this.#height > highest) throw this.#tooDeep();
  }

  /** What was read becomes the left side of an operator: the tree is higher by a level, or by what the engine's work for it is worth. */
  grow(levels = 1): void {
    this.#height += levels;
    if (this.#height > highest) throw this.#tooDeep();
  }

  #tooDeep(): Fault {
    return this.error(191, 'Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.');
  }

  /** Items with commas between. */
  list<T>(item: (p: Reader) => T): T[] {
    const items = [item(this)];
    while (this.accept(',')) items.push(item(this));
    return items;
  }

  /** Items in parentheses with commas between. */
  enclosed<T>(item: (p: Reader) => T): T[] {
    this.expect('(');
    const items = this.list(item);
    this.expect(')');
    return items;
  }

  /** Reads past what is in the parentheses that open next. */
  skipEnclosed(): void {
    this.expect('(');
    for (let open = 1; open > 0;) {
      const token = this.advance();
      if (token.kind === 'end') throw this.unexpected();
      if (token.upper === '(') open += 1;
      if (token.upper === ')') open -= 1;
    }
  }

  /** The words up to a comma or a closing parenthesis of this level, as they are written. */
  words(): string {
    const from = this.peek();
    let open = 0;
    let end = from.at;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end' || (open === 0 && (token.upper === ',' || token.upper === ')'))) break;
      if (token.upper === '(') open += 1;
      if (token.upper === ')') open -= 1;
      end = token.end;
      this.advance();
    }
    if (end === from.at) throw this.unexpected();
    return this.sql.slice(from.at, end);
  }

  expression(): Expression {
    return this.#grammar.expression(this);
  }

  condition(): Condition {
    return this.#grammar.condition(this);
  }

  expressionOrCondition(): Expression | Condition {
    return this.#grammar.expressionOrCondition(this);
  }

  query(): Query {
    return this.#grammar.query(this);
  }

  /** A query that stands for a value, or that a condition asks. */
  subquery(): Query {
    this.#subqueries += 1;
    if (this.#subqueries > mostSubqueries) throw this.#tooDeep();
    const query = this.query();
    this.#subqueries -= 1;
    return query;
  }

  queryFrom(first: Query): Query {
    return this.#grammar.queryFrom(this, first);
  }

  statement(): Statement {
    return this.#grammar.statement(this);
  }
}
