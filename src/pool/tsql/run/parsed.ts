import { parseBatch } from '../syntax/parse.ts';
import type { Statement } from '../syntax/statement.ts';
import type { SessionCore } from './session-core.ts';

const mostKept = 512;
/** Of all that are kept: a statement has many times the bytes of its text. */
const mostCharacters = 2 * 1024 * 1024;
/** Longer texts are seldom sent twice. */
const longest = 64 * 1024;

/** Texts that were parsed, the one used last at the end: statements are plain values and say nothing of who sent them. */
export class ParsedTexts {
  readonly #known = new Map<string, readonly Statement[]>();
  #characters = 0;

  statements(text: string, quotedIdentifier: boolean): readonly Statement[] {
    const key = `${quotedIdentifier ? 1 : 0}${text}`;
    const known = this.#known.get(key);
    if (known) {
      this.#known.delete(key);
      this.#known.set(key, known);
      return known;
    }
    const statements = parseBatch(text, { quotedIdentifier });
    if (text.length > longest) return statements;
    this.#known.set(key, statements);
    this.#characters += key.length;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostKept && this.#characters <= mostCharacters) break;
      this.#known.delete(oldest);
      this.#characters -= oldest.length;
    }
    return statements;
  }
}

/** A text's statements, all of them: what cannot be read keeps the others from running. */
export function parsed(text: string, core: SessionCore): readonly Statement[] {
  return core.pool.texts.statements(text, core.options.flags.get('QUOTED_IDENTIFIER') === true);
}
