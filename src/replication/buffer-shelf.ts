/**
 * Large buffers that come back once their batch has been handed over. Making them anew costs more than filling them: the system clears
 * every page, and the collector runs for each few megabytes (measured: a third of the copy's time).
 */
const smallest = 64 * 1024;
const mostBytes = 64 * 1024 * 1024;

const free = new Map<number, ArrayBuffer[]>();
const lent = new WeakSet<ArrayBuffer>();
let freeBytes = 0;

/** Sizes are rounded up to quarters of a power of two, so that a batch a little larger than the last finds its buffers. */
function sizeClass(bytes: number): number {
  const quarter = 2 ** Math.max(14, Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / quarter) * quarter;
}

/** A buffer of at least `bytes`; what is in it is undefined. */
export function takeBuffer(bytes: number): ArrayBuffer {
  if (bytes < smallest) return new ArrayBuffer(bytes);
  const size = sizeClass(bytes);
  const found = free.get(size)?.pop();
  if (found) freeBytes -= size;
  const buffer = found ?? new ArrayBuffer(size);
  lent.add(buffer);
  return buffer;
}

/** The buffer is no longer read by anyone. Only such as `takeBuffer` gave are kept, and each only once. */
export function giveBuffer(buffer: ArrayBufferLike): void {
  if (!(buffer instanceof ArrayBuffer) || !lent.delete(buffer) || freeBytes + buffer.byteLength > mostBytes) return;
  const list = free.get(buffer.byteLength);
  if (list) list.push(buffer);
  else free.set(buffer.byteLength, [buffer]);
  freeBytes += buffer.byteLength;
}
