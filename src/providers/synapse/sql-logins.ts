import { Fault, toFault } from '#base/fault.ts';
import type { Authenticator, Authorizer, Sealer } from '#arm/access.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Principal } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { AuditEntry, ResourceStore } from '#arm/store.ts';
import { LoginPasswords } from './login-password.ts';
import type { PoolLoginAsked, PoolLoginMessage, PoolLoginVerdict } from './pool-host.ts';
import { sqlPoolType } from './type-names.ts';
import { admitVisitor } from './workspace-firewall.ts';
import type { WorkspaceProperties } from './workspace-shape.ts';

/** Slows down whoever guesses: see the throttle of the token authority. */
export interface LoginThrottle {
  waitSeconds(key: string): number | undefined;
  failed(key: string): void;
  succeeded(key: string): void;
}

export interface SqlLoginOptions {
  readonly store: ResourceStore;
  readonly sealer: Pick<Sealer, 'open'>;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly authorizer: Pick<Authorizer, 'check'>;
  /** Of one login from one address. */
  readonly guesses: LoginThrottle;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Who may log in, and who may change what no link fills. */
const connectAction = `${sqlPoolType}/connect/action`;
const writeAction = `${sqlPoolType}/write`;
const tokenUser = '<token-identified principal>';
const mostWaiting = 50;
/** So many refusals are written at once, and so many a minute in the long run: nobody fills the disk. */
const refusedAtOnce = 60;
const refusedPerMinute = 10;

/** Why nobody was let in: what the client is told, and what the audit log. */
class Refusal {
  readonly messages: readonly PoolLoginMessage[];
  readonly code: string;

  constructor(code: string, ...messages: readonly PoolLoginMessage[]) {
    this.code = code;
    this.messages = messages;
  }
}

interface Accepted {
  readonly principal: string;
  readonly name: string;
  readonly mayWrite: boolean;
}

/**
 * Decides about logins to SQL pools: by the workspace's firewall, then by its SQL administrator's password or by an access token and the roles of
 * whom it names. As SQL Server does, the client is told state 1 whatever was wrong with user or password; the audit log says which.
 */
export class SqlLogins {
  readonly #options: SqlLoginOptions;
  readonly #passwords: LoginPasswords;
  readonly #turns = new Map<string, { waiting: number; last: Promise<unknown> }>();
  #budget = refusedAtOnce;
  #countedMs: number;
  #notWritten = 0;

  constructor(options: SqlLoginOptions) {
    this.#options = options;
    this.#passwords = new LoginPasswords(options.sealer);
    this.#countedMs = options.now();
  }

  async decide(pool: string, asked: PoolLoginAsked): Promise<PoolLoginVerdict> {
    const outcome = await this.#check(pool, asked);
    if (outcome instanceof Refusal) {
      await this.#auditRefusal(pool, asked, outcome);
      return { kind: 'refused', messages: outcome.messages };
    }
    const { principal, name, mayWrite } = outcome;
    await this.#audit({ ...entryOf(pool, asked), principal, principalName: name, outcome: 'succeeded', code: undefined });
    return { kind: 'accepted', user: { name, mayWrite } };
  }

  async #check(pool: string, asked: PoolLoginAsked): Promise<Accepted | Refusal> {
    const { store } = this.#options;
    const self = await store.get(pool);
    const workspace = (await store.get(parseResourceId(pool).parent!)) as unknown as Resource<LoginProperties> | undefined;
    if (self === undefined || workspace === undefined || self.deleting || workspace.deleting)
      return new Refusal('SqlPoolMissing', loginFailed(shownUser(asked)));
    const outside = await admitVisitor(workspace, asked.address, store).then(
      () => undefined,
      (error: unknown) => toFault(error),
    );
    if (outside !== undefined) return atTheDoor(workspace.name, asked.address, outside);
    return asked.token === undefined ? await this.#byPassword(workspace, asked) : await this.#byToken(self, asked.token);
  }

  async #byPassword(workspace: Resource<LoginProperties>, asked: PoolLoginAsked): Promise<Accepted | Refusal> {
    const { sqlAdministratorLogin: login = '', sqlAdministratorLoginPassword: password, azureADOnlyAuthentication } = workspace.properties;
    const failed = (code: string): Refusal => new Refusal(code, loginFailed(asked.user));
    if (azureADOnlyAuthentication === true)
      return new Refusal('SqlLoginsOff', {
        ...loginFailed(asked.user),
        text: `Login failed for user '${asked.user}'. Reason: Azure Active Directory only authentication is enabled. Log in with an access token.`,
      });
    const sealed = isNamed(asked.user, login, workspace.name) ? password?.$sealed : undefined;
    const accepted: Accepted = { principal: '', name: login, mayWrite: true };
    if (sealed !== undefined && this.#passwords.remembers(sealed, asked.password)) return accepted;
    const key = `${keyOf(workspace.id)} ${asked.user.toLowerCase()} ${asked.address}`;
    const check = async (): Promise<Accepted | Refusal> => {
      const { guesses } = this.#options;
      const waitSeconds = guesses.waitSeconds(key);
      if (waitSeconds !== undefined) return new Refusal('LoginHeldUp', lockedOut(asked.user, waitSeconds));
      const isGood =
        sealed === undefined ? await this.#passwords.waste(asked.password) : await this.#passwords.isGood(sealed, asked.password);
      if (isGood) guesses.succeeded(key);
      else guesses.failed(key);
      if (isGood) return accepted;
      return failed(sealed === undefined ? 'LoginUnknown' : 'PasswordWrong');
    };
    return (await this.#inTurn(key, check)) ?? new Refusal('LoginHeldUp', lockedOut(asked.user, 1));
  }

  async #byToken(pool: Resource, token: string): Promise<Accepted | Refusal> {
    const { authenticator } = this.#options;
    let principal: Principal;
    try {
      principal = await authenticator.authenticate(`Bearer ${token}`);
    } catch (error) {
      return new Refusal(toFault(error).code, loginFailed(tokenUser), { ...loginFailed(tokenUser), text: textOf(toFault(error)) });
    }
    const refusal = await this.#mayNot(principal, connectAction, pool.id);
    if (refusal !== undefined)
      return new Refusal(refusal.code, loginFailed(tokenUser), { ...loginFailed(tokenUser), text: textOf(refusal) });
    const mayWrite = (await this.#mayNot(principal, writeAction, pool.id)) === undefined;
    return { principal: principal.id, name: principal.name, mayWrite };
  }

  async #mayNot(principal: Principal, action: string, scope: string): Promise<Fault | undefined> {
    try {
      await this.#options.authorizer.check(principal, action, scope);
      return undefined;
    } catch (error) {
      const refusal = toFault(error);
      if (refusal.kind !== 'denied') throw error;
      return refusal;
    }
  }

  /** One after the other, or a thousand guesses at once would all be tried before the first is counted. Undefined: too many wait. */
  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T | undefined> {
    const turn = this.#turns.get(key) ?? { waiting: 0, last: Promise.resolve() };
    if (turn.waiting >= mostWaiting) return undefined;
    this.#turns.set(key, turn);
    turn.waiting += 1;
    const mine = turn.last.then(work, work);
    turn.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      turn.waiting -= 1;
      if (turn.waiting === 0) this.#turns.delete(key);
    }
  }

  async #auditRefusal(pool: string, asked: PoolLoginAsked, { code }: Refusal): Promise<void> {
    const nowMs = this.#options.now();
    this.#budget = Math.min(refusedAtOnce, this.#budget + (Math.max(0, nowMs - this.#countedMs) / 60_000) * refusedPerMinute);
    this.#countedMs = nowMs;
    if (this.#budget < 1) {
      this.#notWritten += 1;
      return;
    }
    this.#budget -= 1;
    const missed = this.#notWritten === 0 ? [] : [{ name: 'notWritten', before: undefined, after: String(this.#notWritten) }];
    this.#notWritten = 0;
    const entry = entryOf(pool, asked);
    // Somebody may have typed a password where the user belongs: only a name that exists is repeated.
    const principalName = code === 'PasswordWrong' ? asked.user : asked.token === undefined ? '(a SQL login)' : '(an access token)';
    await this.#audit({ ...entry, changes: [...entry.changes, ...missed], principal: '', principalName, outcome: 'refused', code });
  }

  async #audit(entry: AuditEntry): Promise<void> {
    await this.#options.store.write((transaction) => transaction.audit(entry));
  }
}

/** What logins look at in a workspace as it is kept. */
type LoginProperties = WorkspaceProperties & {
  readonly sqlAdministratorLogin?: string | undefined;
  readonly sqlAdministratorLoginPassword?: { readonly $sealed: string } | undefined;
  readonly azureADOnlyAuthentication?: boolean | undefined;
};

/** `login`, or `login@workspace` as older clients of Azure say it. */
function isNamed(user: string, login: string, workspace: string): boolean {
  const given = user.toLowerCase();
  return login !== '' && (given === login.toLowerCase() || given === `${login.toLowerCase()}@${workspace.toLowerCase()}`);
}

function shownUser({ user, token }: PoolLoginAsked): string {
  return token === undefined ? user : tokenUser;
}

function loginFailed(user: string): PoolLoginMessage {
  return { number: 18_456, state: 1, text: `Login failed for user '${user}'.` };
}

function lockedOut(user: string, seconds: number): PoolLoginMessage {
  const text = `Login failed for user '${user}' because of too many wrong passwords from this address. Try again in ${seconds} s.`;
  return { number: 18_486, state: 1, text };
}

function atTheDoor(workspace: string, address: string, { code, message, remedy }: Fault): Refusal {
  if (code === 'ClientIpAddressNotAuthorized') {
    const text =
      `Cannot open server '${workspace}' requested by the login. Client with IP address '${address}' is not allowed to access the server. ` +
      `To enable access: ${remedy ?? 'ask the workspace\u2019s owner'}`;
    return new Refusal(code, { number: 40_615, state: 1, text });
  }
  if (code === 'PublicNetworkAccessDenied') {
    const text = `Reason: An instance-specific error occurred while establishing a connection to SQL Server. Connection was denied since Deny Public Network Access is set to Yes. ${remedy ?? ''}`;
    return new Refusal(code, { number: 47_073, state: 1, text });
  }
  return new Refusal(code, { number: 18_456, state: 1, text: message });
}

function textOf({ message, remedy }: Fault): string {
  return [message, remedy].filter(Boolean).join(' ');
}

function entryOf(
  pool: string,
  { address, application, correlationId }: PoolLoginAsked,
): Pick<AuditEntry, 'action' | 'scope' | 'correlationId' | 'changes'> {
  const facts = { address, application: application.slice(0, 128) };
  return {
    action: connectAction,
    scope: pool,
    correlationId,
    changes: Object.entries(facts).map(([name, after]) => ({ name, before: undefined, after })),
  };
}
