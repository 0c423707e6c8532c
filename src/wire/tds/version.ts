/** Versions of the protocol by name, as LOGIN7 says them. Names compare as text: `version < '7.2'`. */
export const tdsVersion = { '7.1': 0x7100_0001, '7.2': 0x7209_0002, '7.3': 0x730b_0003, '7.4': 0x7400_0004, '8.0': 0x0800_0000 } as const;

export type TdsVersion = keyof typeof tdsVersion;

/** The version that a client asks for (LOGIN7's number); undefined: one before 7.1, which nobody here speaks. A later one is answered with the last. */
export function versionAsked(asked: number): TdsVersion | undefined {
  const major = asked >>> 24;
  if (major >= 0x08 && major < 0x10) return '8.0';
  if (major >= 0x74) return '7.4';
  return ({ 0x71: '7.1', 0x72: '7.2', 0x73: '7.3' } as const)[major];
}

/** The number that LOGINACK answers with: the client's own where its version has several. */
export function versionAnswered(asked: number): number | undefined {
  const version = versionAsked(asked);
  // The first revision of 7.1 is spelled otherwise by servers than by clients (MS-TDS 2.2.7.14).
  if (asked === 0x7100_0000) return 0x0701_0000;
  if (version === undefined) return undefined;
  return version === '7.3' && asked === 0x730a_0003 ? asked : tdsVersion[version];
}
