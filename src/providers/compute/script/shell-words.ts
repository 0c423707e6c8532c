/** One line of a script as words, or why it is none that is understood here. */
export type Line = { readonly words: readonly string[] } | { readonly refused: string };

/** What a shell would do something with that nothing here does. */
const meanings: Readonly<Record<string, string>> = {
  ';': 'Write each command on a line of its own.',
  '&': 'Write each command on a line of its own.',
  '|': 'Pipes are not understood.',
  '<': 'Redirections are not understood.',
  '>': 'Redirections are not understood.',
  $: 'Variables and substitutions are not understood.',
  '`': 'Substitutions are not understood.',
  '(': 'Subshells are not understood.',
  ')': 'Subshells are not understood.',
  '*': 'Patterns are not understood.',
  '?': 'Patterns are not understood.',
  '[': 'Patterns are not understood.',
  ']': 'Patterns are not understood.',
  '{': 'Groups are not understood.',
  '}': 'Groups are not understood.',
  '!': 'Negations are not understood.',
  '\\': 'Backslashes are not understood: write the command on one line.',
};

/**
 * Splits a line at blanks. Quoted words are taken as they stand. A word that begins with `#` begins a comment. Whatever a shell would expand,
 * redirect or chain is refused by its sign: the words that come out mean here what they would mean to a shell.
 */
export function wordsOf(line: string): Line {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const sign of line) {
    if (quote !== undefined) {
      if (sign === quote) quote = undefined;
      else if (quote === '"' && /[$`\\!]/.test(sign)) return refused(sign);
      else word = (word ?? '') + sign;
    } else if (sign === "'" || sign === '"') {
      quote = sign;
      word ??= '';
    } else if (sign === ' ' || sign === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (sign === '#' && word === undefined) {
      return { words };
    } else if (Object.hasOwn(meanings, sign)) {
      return refused(sign);
    } else {
      word = (word ?? '') + sign;
    }
  }
  if (quote !== undefined) return { refused: `The quote ${quote} has no end on its line.` };
  if (word !== undefined) words.push(word);
  return { words };
}

function refused(sign: string): Line {
  return { refused: `'${sign}' is not understood here. ${meanings[sign] ?? ''}`.trimEnd() };
}
