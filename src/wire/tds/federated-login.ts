import { malformed, TdsReader, TdsWriter } from './bytes.ts';

/** Features of LOGIN7 and FEATUREEXTACK (MS-TDS 2.2.6.4), of those that are known by name. */
export const featureOf = {
  sessionRecovery: 0x01,
  federated: 0x02,
  columnEncryption: 0x04,
  globalTransactions: 0x05,
  azureSql: 0x08,
  dataClassification: 0x09,
  utf8: 0x0a,
} as const;

/** How a client proves who it is without a password, in the feature FEDAUTH. */
export type FederatedLogin = {
  /** The client was told in PRELOGIN that the server takes it. */
  readonly echo: boolean;
} & (
  | { readonly library: 'security-token'; readonly token: string; /** 32 bytes. */ readonly nonce: Uint8Array | undefined }
  /** It asks for a token first, with what FEDAUTHINFO tells it, and sends that in a message of its own. */
  | { readonly library: 'msal'; readonly workflow: number }
);

const libraries = { 'security-token': 1, msal: 2 } as const;
const nonceBytes = 32;

/** The bytes of the feature. */
export function encodeFederatedLogin(login: FederatedLogin): Uint8Array {
  const writer = new TdsWriter().u8((libraries[login.library] << 1) | (login.echo ? 1 : 0));
  if (login.library === 'msal') return writer.u8(login.workflow).take();
  const token = Buffer.from(login.token, 'utf16le');
  writer.u32(token.length).bytes(token);
  return (login.nonce === undefined ? writer : writer.bytes(login.nonce)).take();
}

/** Fault: `MalformedMessage` (corrupt). */
export function decodeFederatedLogin(bytes: Uint8Array): FederatedLogin {
  const reader = new TdsReader(bytes, 'FEDAUTH');
  const first = reader.u8();
  const [library, echo] = [first >> 1, (first & 1) === 1];
  if (library === libraries.msal) {
    const workflow = reader.u8();
    reader.done();
    return { library: 'msal', echo, workflow };
  }
  if (library !== libraries['security-token']) throw malformed(`FEDAUTH by a library ${library} that is not known`);
  const token = readToken(reader);
  const nonce = reader.left === 0 ? undefined : reader.bytes(nonceBytes);
  reader.done();
  return { library: 'security-token', echo, token, nonce };
}

/** The payload of a message of the type `federatedToken` (MS-TDS 2.2.6.3). */
export function encodeFederatedToken(token: string, nonce?: Uint8Array): Uint8Array {
  const bytes = Buffer.from(token, 'utf16le');
  const writer = new TdsWriter()
    .u32(4 + bytes.length + (nonce?.length ?? 0))
    .u32(bytes.length)
    .bytes(bytes);
  return (nonce === undefined ? writer : writer.bytes(nonce)).take();
}

/** The token. Fault: `MalformedMessage` (corrupt). */
export function decodeFederatedToken(payload: Uint8Array): string {
  const reader = new TdsReader(payload, 'a federated token');
  const inner = reader.part(reader.u32());
  reader.done();
  const token = readToken(inner);
  if (inner.left !== 0 && inner.left !== nonceBytes) throw malformed('a federated token with a nonce of another length');
  return token;
}

function readToken(reader: TdsReader): string {
  const bytes = reader.u32();
  if (bytes % 2 !== 0) throw malformed('a federated token that ends within a character');
  return reader.text(bytes / 2);
}

/** What FEDAUTHINFO tells (MS-TDS 2.2.7.12): where a token is got, and for whom. */
export interface FederatedPlace {
  readonly kind: 'federated-place';
  /** `https://login.example/tenant`. */
  readonly issuer: string;
  /** `https://database.windows.net/`. */
  readonly audience: string;
}

export const federatedPlaceToken = 0xee;
const parts = { issuer: 1, audience: 2 } as const;
const entryBytes = 9;

export function writeFederatedPlace(writer: TdsWriter, { issuer, audience }: Omit<FederatedPlace, 'kind'>): void {
  const texts = [audience, issuer].map((text) => Buffer.from(text, 'utf16le'));
  const inner = new TdsWriter().u32(2);
  let at = 4 + 2 * entryBytes;
  for (const [index, id] of [parts.audience, parts.issuer].entries()) {
    const { length } = texts[index]!;
    inner.u8(id).u32(length).u32(at);
    at += length;
  }
  const bytes = Buffer.concat([inner.take(), ...texts]);
  writer.u32(bytes.length).bytes(bytes);
}

export function readFederatedPlace(reader: TdsReader): FederatedPlace {
  const inner = reader.part(reader.u32());
  const said = { [parts.issuer]: '', [parts.audience]: '' };
  const count = inner.u32();
  for (let index = 0; index < count; index += 1) {
    inner.seek(4 + index * entryBytes);
    const [id, length, at] = [inner.u8(), inner.u32(), inner.u32()];
    if (length % 2 !== 0) throw malformed('FEDAUTHINFO that ends within a character');
    inner.seek(at);
    if (id in said) said[id as 1 | 2] = inner.text(length / 2);
  }
  return { kind: 'federated-place', issuer: said[parts.issuer], audience: said[parts.audience] };
}
