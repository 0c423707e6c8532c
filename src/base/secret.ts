const mask = '***';
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A password or token. Whatever prints, logs or serialises it shows `***`; only `reveal` gives the text. */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

const known = new WeakSet<object>();

/** The text is held in a closure: no property, enumeration or copy of the object carries it. */
export function secret(text: string): Secret {
  const value = {
    reveal: () => text,
    toString: () => mask,
    toJSON: () => mask,
    [inspect]: () => mask,
    [Symbol.toPrimitive]: () => mask,
  };
  known.add(value);
  return Object.freeze(value);
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && known.has(value);
}

/** Text with the passwords of the addresses in it replaced by `***`: `postgres://shop:***@db:5432/shop`. */
export function maskAddresses(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s/?#]*@/gi, `$1:${mask}@`);
}
