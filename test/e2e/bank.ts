import { directDialer } from '#base/dialer.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';

/** Two tables of accounts, between which money is moved in single transactions: their total never changes. */
const bank = { accounts: 500, opening: 1000 } as const;
export const bankTotal: bigint = BigInt(bank.accounts * 2 * bank.opening);

export async function connectTo(url: string): Promise<PgConnection> {
  return PgConnection.connect({ ...parsePgUrl(url), dialer: directDialer }, AbortSignal.timeout(20_000));
}

export async function openBank(url: string): Promise<void> {
  await using connection = await connectTo(url);
  for (const table of ['checking', 'savings']) {
    await connection.query(`CREATE TABLE public.${table} (id int PRIMARY KEY, amount bigint NOT NULL, note text NOT NULL)`);
    await connection.query(
      `INSERT INTO public.${table} SELECT g, ${bank.opening}, 'opened ' || g FROM generate_series(1, ${bank.accounts}) g`,
    );
  }
}

/** Moves money over two connections until stopped, over server restarts. Answers how many transactions were committed for sure. */
export async function runTransfers(url: string, signal: AbortSignal): Promise<number> {
  const done = await Promise.all([transfers(url, 0, signal), transfers(url, 1, signal)]);
  return done[0] + done[1];
}

async function transfers(url: string, seed: number, signal: AbortSignal): Promise<number> {
  let done = 0;
  let connection: PgConnection | undefined;
  for (let n = seed; !signal.aborted; n += 2) {
    try {
      if (!connection || connection.fault) connection = await connectTo(url);
      await connection.query(transfer(n));
      done++;
    } catch {
      // The server is being killed: that is the test. A broken connection is made anew.
      await connection?.close();
      connection = undefined;
    }
  }
  await connection?.close();
  return done;
}

/** One transaction over both tables: amounts moved; now and then an account takes another number, or is closed and opened anew. */
function transfer(n: number): string {
  const id = (salt: number): number => ((n * 7919 + salt * 104_729) % bank.accounts) + 1;
  const amount = (n % 50) + 1;
  // One statement decides whether the payer is there and takes the money: another session may renumber it at any moment.
  const pay = `WITH payer AS (UPDATE public.checking SET amount = amount - ${amount} WHERE id = ${id(1)} RETURNING id) UPDATE public.savings SET amount = amount + ${amount} * (SELECT count(*) FROM payer) WHERE id = ${id(2)}`;
  const renumber = `UPDATE public.checking SET id = CASE WHEN id > 100000 THEN id - 100000 ELSE id + 100000 END, note = 'moved ${n}' WHERE id % 100000 = ${id(3)}`;
  const close = `WITH gone AS (DELETE FROM public.checking WHERE id = ${id(4)} RETURNING amount) UPDATE public.savings SET amount = amount + (SELECT coalesce(sum(amount), 0) FROM gone) WHERE id = ${id(4)}; INSERT INTO public.checking VALUES (${id(4)}, 0, 'again ${n}') ON CONFLICT (id) DO NOTHING`;
  return `BEGIN; ${n % 13 === 0 ? close : n % 11 === 0 ? renumber : pay}; COMMIT`;
}
