const kept: Readonly<Record<string, string>> = {
  ip: 'IP',
  dns: 'DNS',
  sql: 'SQL',
  tls: 'TLS',
  fqdn: 'FQDN',
  fqdns: 'FQDNs',
  id: 'id',
  url: 'URL',
  uri: 'URI',
  vm: 'VM',
  os: 'OS',
  tcp: 'TCP',
  snat: 'SNAT',
  sku: 'SKU',
  ttl: 'TTL',
  sas: 'SAS',
  ssl: 'SSL',
  mi: 'MI',
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  nic: 'NIC',
};

/** A member's name for people: `privateIPAddress` is `Private IP address`. */
export function memberLabel(name: string): string {
  const words = name
    .replaceAll(/[_-]+/g, ' ')
    .replaceAll(/(IPv[46])/g, ' $1 ')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => kept[word.toLowerCase()] ?? word.toLowerCase());
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Of a reference: without the word that says that it is an id. */
export function referenceLabel(name: string): string {
  const text = memberLabel(name);
  return text.endsWith(' id') ? text.slice(0, -3) : text;
}

/** One of a list: `Address prefix` of `addressPrefixes`. */
export function itemLabel(name: string): string {
  const text = memberLabel(name);
  if (text.endsWith('ies')) return `${text.slice(0, -3)}y`;
  if (/(?:x|ss|ch)es$/.test(text)) return text.slice(0, -2);
  return /[^s]s$/.test(text) ? text.slice(0, -1) : text;
}

/** One resource of a type, in a sentence: `virtual network` of `Microsoft.Network/virtualNetworks`. */
export function typeWord(type: string): string {
  const word = itemLabel(type.slice(type.lastIndexOf('/') + 1));
  return /^[A-Z][a-z]/.test(word) ? word.charAt(0).toLowerCase() + word.slice(1) : word;
}
