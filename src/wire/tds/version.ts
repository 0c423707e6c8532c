/** Versions of the protocol by name, as LOGIN7 says them. Names compare as text: `version < '7.2'`. */
export const tdsVersion = { '7.1': 0x7100_0001, '7.2': 0x7209_0002, '7.3': 0x730b_0003, '7.4': 0x7400_0004, '8.0': 0x0800_0000 } as const;

export type TdsVersion = keyof typeof tdsVersion;
