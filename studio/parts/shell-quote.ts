/** A word as POSIX shells read it back, whatever is in it. A null character cannot be in one: it is left out. */
function shellQuote(word: string): string {
  const text = word.replaceAll('\u0000', '');
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command of these words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(' ');
}

/** A command that reads `text` as its input. No line of it may be `END`. */
export function shellWithInput(words: readonly string[], text: string): string {
  return `${shellLine(words)} <<'END'\n${text}\nEND`;
}
