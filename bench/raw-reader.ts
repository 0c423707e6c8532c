// The least that must be done to get at the changes: reads a slot at a pace, looks at each message's header only, and ends at a place in the log.
//   node bench/raw-reader.ts URL SLOT PUBLICATION LSN
import { nextWal, newWalCursor, outer, readKeepalive, standbyStatus } from '#wire/pgoutput/outer.ts';
import { parseLsn } from '#replication/sources/postgres/log-place.ts';
import { openConnection } from './servers.ts';

const paceMs = 20;
const [url, slot, publication, goalText] = process.argv.slice(2);
const goal = parseLsn(goalText!);
const connection = await openConnection(url!, { replication: 'database' });
const stream = await connection.copyBoth(
  `START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names '${publication}')`,
  { paceMs },
);
const cursor = newWalCursor();
let messages = 0;
let bytes = 0;
for (let reached = false; !reached;) {
  const buffer = await stream.read();
  if (buffer === undefined) throw new Error('the source ended the stream');
  bytes += buffer.length;
  cursor.next = 0;
  while (nextWal(buffer, cursor)) {
    messages++;
    if (cursor.kind !== outer.keepalive) continue;
    const keepalive = readKeepalive(buffer, cursor);
    if (keepalive.walEnd >= goal) reached = true;
    if (keepalive.replyRequested)
      stream.write(standbyStatus({ written: 0n, flushed: 0n, applied: 0n, sentAtUs: BigInt(Date.now()) * 1000n, replyRequested: false }));
  }
}
process.stdout.write(`${JSON.stringify({ messages, bytes })}\n`);
connection.destroy();
process.exit(0);
