import { errors } from 'jose';
import { Fault, fault } from '#base/fault.ts';

const remedy = "Sign in again: 'isthmus login', or ask the token endpoint of this installation for a new token.";

/** Refuses a token. `why`: the end of a sentence, or what `jose` found; nothing of the token itself is repeated. */
export function invalidToken(why: unknown): Fault {
  if (why instanceof Fault) return why;
  const reason = typeof why === 'string' ? why : reasonOf(why);
  return fault('unauthenticated', 'InvalidAuthenticationToken', `The access token is invalid: ${reason}.`, {
    target: 'Authorization',
    remedy,
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim '${error.claim}' will not do`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'it is signed with an algorithm that is not accepted';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'it was not signed by a key of its issuer';
  return 'it is malformed';
}

/** Refuses a request without a token. */
export function noToken(): Fault {
  return fault('unauthenticated', 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.", {
    target: 'Authorization',
    remedy: "Send 'Authorization: Bearer TOKEN'; the token endpoint of this installation gives tokens, and so does 'isthmus token'.",
  });
}
