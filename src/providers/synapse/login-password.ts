import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { Sealer } from '#arm/access.ts';

const saltBytes = 16;
const hashBytes = 32;
/** Some 16 MB and tens of milliseconds for each guess. */
const cost = { N: 16_384, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
/** Of good passwords, of all workspaces together. */
const mostRemembered = 1_000;

interface Known {
  readonly salt: Buffer;
  readonly hash: Promise<Buffer>;
}

/**
 * Compares passwords of logins by scrypt, in constant time. One that was good is known again by a keyed digest that lasts as long as this process, so
 * that clients who connect often do not pay for it each time.
 */
export class LoginPasswords {
  readonly #sealer: Pick<Sealer, 'open'>;
  readonly #key = randomBytes(hashBytes);
  /** By what is sealed: a new password is another one. */
  readonly #known = new Map<string, Known>();
  readonly #good = new Set<string>();

  constructor(sealer: Pick<Sealer, 'open'>) {
    this.#sealer = sealer;
  }

  /** Whether the password was good before; cheap. */
  remembers(sealed: string, password: string): boolean {
    return this.#good.has(this.#digest(sealed, password));
  }

  async isGood(sealed: string, password: string): Promise<boolean> {
    const { salt, hash } = this.#of(sealed);
    const [expected, given] = await Promise.all([hash, scrypted(password, salt)]);
    if (!timingSafeEqual(expected, given)) return false;
    if (this.#good.size >= mostRemembered) this.#good.clear();
    this.#good.add(this.#digest(sealed, password));
    return true;
  }

  /** As long as a good one: for logins that nobody has. */
  async waste(password: string): Promise<false> {
    await scrypted(password, this.#key.subarray(0, saltBytes));
    return false;
  }

  #of(sealed: string): Known {
    const there = this.#known.get(sealed);
    if (there !== undefined) return there;
    const salt = randomBytes(saltBytes);
    const made = { salt, hash: scrypted(this.#sealer.open(sealed).reveal(), salt) };
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(sealed, made);
    return made;
  }

  #digest(sealed: string, password: string): string {
    return createHmac('sha256', this.#key).update(`${sealed.length}.${sealed}`).update(password).digest('base64');
  }
}

function scrypted(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password, salt, hashBytes, cost, (error, hash) => (error === null ? resolve(hash) : reject(error))),
  );
}
