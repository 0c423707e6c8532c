/** What is wrong with a server's certificate. */
export type CertificateTrouble = 'unknownAuthority' | 'certificateExpired' | 'certificateRefused';

/** Node's names of it (its documentation: "X509 certificate error codes"). */
const troubles: Readonly<Record<string, CertificateTrouble>> = {
  CERT_HAS_EXPIRED: 'certificateExpired',
  CERT_NOT_YET_VALID: 'certificateExpired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknownAuthority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknownAuthority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknownAuthority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknownAuthority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknownAuthority',
  CERT_UNTRUSTED: 'unknownAuthority',
  CERT_SIGNATURE_FAILURE: 'unknownAuthority',
};

export function certificateTrouble(reason: string): CertificateTrouble {
  return troubles[reason] ?? 'certificateRefused';
}
