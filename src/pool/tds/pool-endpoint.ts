import { randomUUID } from 'node:crypto';
import type { Log } from '#base/log.ts';
import { decodeFederatedLogin, featureOf } from '#wire/tds/federated-login.ts';
import type { Login7 } from '#wire/tds/login7.ts';
import type { SessionUser, SqlSession } from '../tsql/session.ts';
import type { ClientTerms, FrontMessage, LoginOutcome, Peer } from './conversation-terms.ts';
import { PoolConversation } from './conversation.ts';
import { openTdsFront, type TdsFront } from './front.ts';
import type { FrontOptions } from './front-options.ts';

/** Somebody who logs in, as whoever decides about it is told. */
export interface EndpointLogin {
  readonly user: string;
  readonly password: string;
  /** An access token that is shown in place of both. */
  readonly token: string | undefined;
  readonly address: string;
  readonly application: string;
  readonly correlationId: string;
}

export type EndpointVerdict =
  | { readonly kind: 'accepted'; readonly user: SessionUser }
  | { readonly kind: 'refused'; readonly messages: readonly Pick<FrontMessage, 'number' | 'state' | 'text'>[] };

/** Whose session is opened. */
export interface EndpointClient {
  readonly user: SessionUser;
  /** `@@SPID`. */
  readonly number: number;
  /** As the client calls itself and its machine; empty where it says nothing. */
  readonly application: string;
  readonly host: string;
  readonly address: string;
  /** All that travels is encrypted. */
  readonly encrypted: boolean;
}

export interface PoolEndpointOptions extends Pick<FrontOptions, 'host' | 'port' | 'encryption' | 'certificate' | 'serverName' | 'limits'> {
  /** The pool, as clients name it. */
  readonly database: string;
  readonly decide: (login: EndpointLogin) => Promise<EndpointVerdict>;
  readonly open: (client: EndpointClient) => Promise<SqlSession>;
  readonly log: Log;
}

/** As Azure's SQL pools say it: clients choose by it what they ask. */
const version = [12, 0, 2000] as const;
const program = 'Microsoft SQL Server';
const usualSeverity = 14;
/** `fIntSecurity` of OptionFlags2. */
const integrated = 0x80;
const master = 'master';
const nothing = new Uint8Array(0);

/** Where clients of SQL Server reach a pool. Fault: `AddressInUse` (conflict). */
export async function openPoolEndpoint(options: PoolEndpointOptions): Promise<TdsFront> {
  return await openTdsFront({ ...options, version: version.join('.'), login: (login, peer) => admit(login, peer, options) });
}

async function admit(login: Login7, peer: Peer, options: PoolEndpointOptions): Promise<LoginOutcome> {
  const shown = tokenOf(login);
  if ('refusal' in shown) return refused(shown.refusal);
  const { token } = shown;
  const address = plainAddress(peer.address);
  const verdict = await options.decide({
    user: login.userName,
    password: login.password,
    token,
    address,
    application: login.appName,
    correlationId: randomUUID(),
  });
  if (verdict.kind === 'refused') return refused(...verdict.messages);
  const asked = login.database.toLowerCase();
  if (asked !== '' && asked !== master && asked !== options.database.toLowerCase())
    return refused(
      { number: 4060, state: 1, text: `Cannot open database "${login.database}" requested by the login. The login failed.` },
      { number: 18_456, state: 1, text: `Login failed for user '${verdict.user.name}'.` },
    );
  return {
    kind: 'accepted',
    database: asked === master ? master : options.database,
    program,
    version,
    features: token === undefined ? [] : [[featureOf.federated, nothing]],
    open: (terms) => openConversation(terms, { options, user: verdict.user, address, isMaster: asked === master }),
  };
}

interface Opening {
  readonly options: PoolEndpointOptions;
  readonly user: SessionUser;
  readonly address: string;
  readonly isMaster: boolean;
}

async function openConversation(
  { login, peer, tds, session: number }: ClientTerms,
  { options, user, address, isMaster }: Opening,
): Promise<PoolConversation> {
  const { serverName } = options;
  const session = await options.open({
    user,
    number,
    application: login.appName,
    host: login.hostName,
    address,
    encrypted: peer.encrypted === 'all',
  });
  const conversation = new PoolConversation(session, { version: tds, serverName, number });
  if (isMaster) await conversation.use(master);
  return conversation;
}

/** The token that is shown in place of a password; or why there is no way to log in like this. */
function tokenOf(login: Login7): { readonly token: string | undefined } | { readonly refusal: Refusal } {
  if ((login.flags[1] & integrated) !== 0 || login.sspi.length > 0)
    return refusal(18_452, 'Login failed. Windows accounts are not known here. Log in with a SQL login, or with an access token.');
  if (login.newPassword !== '')
    return refusal(18_456, `Login failed for user '${login.userName}'. Passwords are not changed by logging in: PATCH the workspace.`);
  const feature = login.features.find(({ id }) => id === featureOf.federated);
  if (feature === undefined) return { token: undefined };
  const federated = decodeFederatedLogin(feature.bytes);
  if (federated.library === 'security-token') return { token: federated.token };
  return refusal(18_456, 'Login failed. Get an access token first, and give it to the client: it is not asked for while logging in.');
}

type Refusal = Pick<FrontMessage, 'number' | 'state' | 'text'>;

function refusal(number: number, text: string): { readonly refusal: Refusal } {
  return { refusal: { number, state: 1, text } };
}

function refused(...messages: readonly Refusal[]): LoginOutcome {
  return { kind: 'refused', messages: messages.map((message) => ({ severity: usualSeverity, ...message })) };
}

/** IPv4 that came over a socket of IPv6 is IPv4. */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
