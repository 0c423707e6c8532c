import { readHost, readPort } from '#arm/host-port.ts';
import { quoted, refusal, type Command, type Refused } from './command.ts';

const devicePattern = /^[a-z][a-z0-9._-]{0,14}$/i;
const takesValue = new Set(['i', 'f', 'a', 'b', 's']);
const usage = 'Usage: ip_fwd.sh -i ETH_IFACE -f FE_PORT -a DEST_HOST -b DEST_PORT [-r]';

/**
 * The arguments of the tutorial's script, read as its getopts reads them. `-s` (look for other addresses every so often) is how forwarders
 * are anyway. Rule: https://github.com/sajitsasi/az-ip-fwd/blob/main/ip_fwd.sh
 */
export function readIpFwd(args: readonly string[]): Command | Refused {
  const options = readOptions(args);
  if ('refused' in options) return options;
  const { values } = options;
  const [device, port, host, toPort] = [values.get('i'), values.get('f'), values.get('a'), values.get('b')];
  if (device === undefined) return wrong('ethernet interface not specified');
  if (port === undefined) return wrong('frontend port not specified');
  if (host === undefined) return wrong('destination host not specified');
  if (toPort === undefined) return wrong('destination port not specified');
  if (!devicePattern.test(device)) return wrong(`${quoted(device)} is not the name of an interface`);
  const [from, target, to] = [readPort(port), readHost(host), readPort(toPort)];
  if (from === undefined) return wrong(`${quoted(port)} is not a port: -f takes 1 to 65535`);
  if (target === undefined) return wrong(`${quoted(host)} is neither a host name nor an IPv4 address of a host`);
  if (to === undefined) return wrong(`${quoted(toPort)} is not a port: -b takes 1 to 65535`);
  return { kind: values.has('r') ? 'forward-no-more' : 'forward', device, port: from, host: target, toPort: to };
}

function readOptions(args: readonly string[]): { readonly values: ReadonlyMap<string, string> } | Refused {
  const values = new Map<string, string>();
  if (args.length === 0) return wrong('no options given');
  for (let at = 0; at < args.length; at += 1) {
    const [, letter = '', attached = ''] = /^-([a-z])(.*)$/s.exec(args[at]!) ?? [];
    if (letter === 'r' && attached === '') {
      values.set('r', '');
    } else if (takesValue.has(letter)) {
      if (attached === '') at += 1;
      const value = attached === '' ? args[at] : attached;
      if (value === undefined || value === '') return refusal(`option requires an argument -- ${letter}\n${usage}`);
      values.set(letter, value);
    } else {
      return refusal(`${quoted(args[at]!)} is not an option of ip_fwd.sh\n${usage}`);
    }
  }
  return { values };
}

function wrong(text: string): Refused {
  return refusal(`ERROR: ${text}\n${usage}`);
}
