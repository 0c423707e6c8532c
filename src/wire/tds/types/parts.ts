import { malformed, type TdsReader, type TdsWriter } from '../bytes.ts';

/** The length that stands for `(max)` in TYPE_INFO. */
export const inParts = 0xffff;
const nullParts = 0xffff_ffff_ffff_ffffn;
const unknownLength = 0xffff_ffff_ffff_fffen;

/** PARTLENTYPE (MS-TDS 2.2.5.2.3): the whole length, or that it is not known yet, then parts until an empty one. */
export function readParts(reader: TdsReader): Uint8Array | null {
  const total = reader.u64();
  if (total === nullParts) return null;
  const parts: Uint8Array[] = [];
  for (let length = reader.u32(); length !== 0; length = reader.u32()) parts.push(reader.bytes(length));
  const bytes = parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
  if (total !== unknownLength && total !== BigInt(bytes.length)) throw malformed('a value in parts that is not as long as it says');
  return bytes;
}

export function writeParts(writer: TdsWriter, bytes: Uint8Array | null): void {
  if (bytes === null) return void writer.u64(nullParts);
  writer.u64(BigInt(bytes.length));
  if (bytes.length > 0) writer.u32(bytes.length).bytes(bytes);
  writer.u32(0);
}
