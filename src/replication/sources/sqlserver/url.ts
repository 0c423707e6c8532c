import { fault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import type { SqlServerAddress } from './driver-login.ts';

const encryptions: Readonly<Record<string, Pick<SqlServerAddress, 'tls' | 'tlsFirst'>>> = {
  none: { tls: 'disable', tlsFirst: false },
  optional: { tls: 'prefer', tlsFirst: false },
  mandatory: { tls: 'verify-full', tlsFirst: false },
  trust: { tls: 'require', tlsFirst: false },
  strict: { tls: 'verify-full', tlsFirst: true },
};

/**
 * Reads `sqlserver://user:password@host:port/database?encrypt=mandatory`. `encrypt` is `mandatory` (where it is left out), `trust` (any certificate),
 * `optional` (any certificate; never in the clear), `strict` (TDS 8), or `none`: the password travels readable. Fault: `UrlForm` (invalid); it never quotes the URL.
 */
export function parseSqlServerUrl(text: string): SqlServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const encryption = encryptions[url?.searchParams.get('encrypt') ?? 'mandatory'];
  if (url?.protocol !== 'sqlserver:' || url.hostname === '' || url.username === '' || encryption === undefined)
    throw fault('invalid', 'UrlForm', 'The text is not a URL of a SQL Server.', {
      remedy:
        'Write it as sqlserver://user:password@host:1433/database?encrypt=mandatory; percent-encode special characters; encrypt is mandatory, trust, optional, strict or none.',
    });
  const { password } = url;
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? 1433 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: password === '' ? undefined : secret(decodeURIComponent(password)),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...encryption,
    certificateName: undefined,
    routes: [],
  };
}
