import type { Dialer } from '#base/dialer.ts';
import { Fault } from '#base/fault.ts';
import { TdsConnection, type TdsOptions, type TdsStage } from '#replication/sources/sqlserver/connection.ts';
import { dialFor, redirected, type Route } from '#replication/sources/sqlserver/routes.ts';
import { readSqlServerRights } from './sqlserver-rights.ts';
import { Steps, type DatabaseAddress, type TestAsk, type TestStep } from './test-connection.ts';

/** How long a place that the server sends clients on to may take to answer, at most. */
const routeTimeoutMs = 5_000;

/** Connects to a SQL Server, up to what its user may do. Never rejects. */
export async function testSqlServer({ address, dialer, timeoutMs, onStep }: TestAsk, signal: AbortSignal): Promise<readonly TestStep[]> {
  const steps = new Steps(onStep);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const options: RoutedOptions = {
    ...address,
    routes: address.routes ?? [],
    tlsFirst: address.tlsFirst === true,
    dialer,
    applicationName: 'isthmus test connection',
    onStage: (stage) => {
      if (stage.stage === 'dialled') steps.done('TCP', `${address.host}:${address.port} takes connections.`);
      else steps.done('TLS', `${describeTls(stage, address)} SQL Server ${stage.serverVersion}.`);
      next = stage.stage === 'dialled' ? 'TLS' : 'login';
    },
  };
  let next: TestStep['name'] = 'TCP';
  try {
    await using first = await TdsConnection.connect(options, deadline);
    const { route } = first.login;
    if (route !== undefined) next = 'connection policy';
    await using followed = route === undefined ? undefined : await follow(route, options, deadline);
    if (followed !== undefined && 'loginRefused' in followed) {
      next = 'login';
      throw followed.loginRefused;
    }
    const connection = followed ?? first;
    const { database, serverVersion } = connection.login;
    steps.done(
      'login',
      `${address.user} is logged in to the database ${database === '' ? '(its own)' : database} (SQL Server ${serverVersion}).`,
    );
    next = 'connection policy';
    steps.done(
      next,
      route === undefined
        ? `${address.host} serves the session itself and sends clients nowhere else (Proxy).`
        : `Redirect: ${address.host} sends clients on to ${route.host}:${route.port}, which can be reached from here.`,
    );
    next = 'rights';
    steps.done(next, await readSqlServerRights(connection, address.user));
  } catch (error) {
    steps.failed(next, error);
  }
  return steps.all;
}

function describeTls(
  { encrypted }: TdsStage & { readonly stage: 'secured' },
  { host, tls, tlsFirst, certificateName }: DatabaseAddress,
): string {
  if (encrypted === 'nothing') return 'Not encrypted: none is asked for.';
  if (encrypted === 'login') return 'Only the login is encrypted: the server asks for no more.';
  return tls === 'verify-full' || tlsFirst === true ? `Encrypted; the certificate is for ${certificateName ?? host}.` : 'Encrypted.';
}

type Place = NonNullable<TdsConnection['login']['route']>;
type RoutedOptions = TdsOptions & { readonly routes: readonly Route[] };

interface LoginRefused extends AsyncDisposable {
  readonly loginRefused: unknown;
}

/**
 * Logs in where the server sends clients on to. Faults: `ConnectionRedirected` (precondition), where that cannot be reached, or sends on again; those
 * of its TLS. What it says to the login is answered.
 */
async function follow(route: Place, options: RoutedOptions, deadline: AbortSignal): Promise<TdsConnection | LoginRefused> {
  let reached: TdsStage['stage'] | undefined;
  const onStage = ({ stage }: TdsStage): void => void (reached = stage);
  const at = dialFor(route, options, options.routes);
  if (at === undefined) throw redirected(route, options, 'The routes of the linked service refuse it.');
  const dialer: Dialer = { dial: (_host, _port, ended) => options.dialer.dial(at.host, at.port, ended) };
  const soon = AbortSignal.any([deadline, AbortSignal.timeout(routeTimeoutMs)]);
  try {
    const connection = await TdsConnection.connect({ ...options, ...route, dialer, onStage }, soon);
    if (connection.login.route === undefined) return connection;
    const again = connection.login.route;
    await connection[Symbol.asyncDispose]();
    throw redirected(route, options, `It sends them on again, to ${again.host}:${again.port}.`);
  } catch (error) {
    if (error instanceof Fault && error.code === 'ConnectionRedirected') throw error;
    if (reached === 'secured') return { loginRefused: error, [Symbol.asyncDispose]: () => Promise.resolve() };
    if (reached === 'dialled') throw error;
    throw redirected(route, options, error instanceof Fault ? error.message : 'It cannot be reached.', error);
  }
}
