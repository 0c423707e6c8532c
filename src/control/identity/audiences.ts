/** What a token may be for: Azure's own names of the resource manager, of Synapse's workspaces and of SQL, as their clients ask for them. */
const azureAudiences: ReadonlySet<string> = new Set([
  'https://management.azure.com',
  'https://management.core.windows.net',
  'https://dev.azuresynapse.net',
  'https://database.windows.net',
  'https://sql.azuresynapse.net',
]);

/** Says whether a token's audience is this installation. */
export interface AudienceRule {
  /**
   * `audience`: as asked for or as in a token; slashes at its end do not count. `origin`: `https://host:port` as the client used it.
   * Azure's names, that origin, and the installation's own host names with any port.
   */
  accepts(audience: string, origin: string | undefined): boolean;
}

/** `hostNames`: names and addresses in lower case; `*.dev.isthmus.localhost` stands for any one label in front. */
export function audienceRule(hostNames: readonly string[]): AudienceRule {
  const names = new Set(hostNames.map((name) => name.toLowerCase()));
  return {
    accepts: (audience, origin) => {
      const text = withoutSlashes(audience.toLowerCase());
      if (azureAudiences.has(text)) return true;
      if (origin !== undefined && text === origin.toLowerCase()) return true;
      const url = originOf(text);
      return url !== undefined && (url.origin === origin || isNamed(url.hostname, names));
    },
  };
}

/** An https address with nothing after host and port. */
function originOf(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return bare && url.password === '' ? url : undefined;
}

function isNamed(host: string, names: ReadonlySet<string>): boolean {
  const name = host.startsWith('[') ? host.slice(1, -1) : host;
  return names.has(name) || names.has(`*${name.slice(name.indexOf('.'))}`);
}

function withoutSlashes(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 47) end -= 1;
  return text.slice(0, end);
}
