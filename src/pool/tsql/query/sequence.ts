/** Makes what an identity column counts by, anew where it is there already. */
export function createSequence(sequence: string, start: string, increment: string): string {
  const down = increment.startsWith('-');
  const [least, most] = ['-9223372036854775807', '9223372036854775806'];
  return `CREATE OR REPLACE ${sequence.startsWith('temp.') ? 'TEMP ' : ''}SEQUENCE ${sequence} INCREMENT BY ${increment} MINVALUE ${down ? least : start} MAXVALUE ${down ? start : most} START WITH ${start}`;
}
