import type { Place } from './ast.ts';

/** A word of a batch as the lexer cuts it. */
export interface Token extends Place {
  /**
   * `word`: a keyword or a name without brackets. `name`: in brackets, or in double quotes where those make names. `variable`: `@x`, `@@X`.
   * `end`: after the last one.
   */
  readonly kind: 'word' | 'name' | 'string' | 'integer' | 'decimal' | 'float' | 'money' | 'binary' | 'variable' | 'symbol' | 'end';
  /** Words, variables and numbers as they are written; names and texts without what encloses them; of binary values the hex digits. */
  readonly text: string;
  /** Words in upper case, symbols as they are (`!=` is `<>`, `!<` is `>=`, `!>` is `<=`); otherwise empty. */
  readonly upper: string;
  /** Characters of the batch up to its end. */
  readonly end: number;
  /** In double quotes: whether it is a name or a text is the session's option. */
  readonly quoted: boolean;
  /** A text written with N. */
  readonly national: boolean;
}
