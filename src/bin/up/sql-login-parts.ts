import { throttle } from '#control/identity/throttle.ts';
import { SqlLogins, type SqlLoginOptions } from '#providers/synapse/sql-logins.ts';

/** So many wrong passwords of one login from one address cost nothing; each after that costs twice the pause of the one before. */
const freeGuesses = 5;

/** Who may log in to SQL pools, in the time of this machine. */
export function sqlLogins(options: Omit<SqlLoginOptions, 'guesses' | 'now'>): SqlLogins {
  const now = Date.now;
  return new SqlLogins({ ...options, guesses: throttle({ free: freeGuesses, now }), now });
}
