/** A number for an object that stays while its name does, also when the pool is opened again. `taken` gets it. */
export function objectId(key: string, taken: Set<number>): number {
  let hash = 0x81_1c_9d_c5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01_00_01_93);
  // Numbers of a SQL Server's own objects are below.
  let id = ((hash >>> 0) % 2_000_000_000) + 100_000_000;
  while (taken.has(id)) id++;
  taken.add(id);
  return id;
}
