import { fault, type Fault, type FaultKind } from '#base/fault.ts';

/** One way things go wrong. `%` in a sentence stands for the target, as `host:port`. */
export interface FaultRow {
  readonly kind: FaultKind;
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
}

export function rowFault({ kind, code, sentence, remedy }: FaultRow, target: string, cause?: unknown): Fault {
  return fault(kind, code, sentence.replace('%', target), { target, remedy, cause });
}

type CertificateRow = 'certificateName' | 'unknownAuthority' | 'certificateExpired' | 'certificateRefused';

/** What is wrong with a server's certificate. By which name to address it, and how to trust an authority, is each product's own. */
export function certificateRows(remedies: {
  readonly name: string;
  readonly authority: string;
}): Readonly<Record<CertificateRow, FaultRow>> {
  const kind = 'unauthenticated';
  return {
    certificateName: { kind, code: 'CertificateName', sentence: 'The certificate of % was made for another name.', remedy: remedies.name },
    unknownAuthority: {
      kind,
      code: 'UnknownAuthority',
      sentence: 'The certificate of % was not signed by an authority that is trusted here.',
      remedy: remedies.authority,
    },
    certificateExpired: {
      kind,
      code: 'CertificateExpired',
      sentence: 'The certificate of % is outside its time of validity.',
      remedy: 'Renew the certificate at the server; check the clocks of both machines.',
    },
    certificateRefused: {
      kind,
      code: 'CertificateRefused',
      sentence: 'The certificate of % is not acceptable.',
      remedy: 'Renew the certificate at the server for server authentication.',
    },
  };
}
