import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command } from './command.ts';
import { readScript } from './script.ts';
import { wordsOf } from './shell-words.ts';

const forward: Command = { kind: 'forward', device: 'eth0', port: 1433, host: 'sql.example.net', toPort: 1433 };
const listing = { kind: 'list-rules', chain: 'PREROUTING', verbose: true, numbered: true, exact: false } as const;
const show: Command = { kind: 'show-forwarding', bare: false };
const note = { kind: 'note', text: expect.stringContaining('ip_fwd.sh is part of this machine already') };

describe('what is known', () => {
  test.each<[string, readonly unknown[]]>([
    ['sudo ./ip_fwd.sh -i eth0 -f 1433 -a sql.example.net -b 1433', [forward]],
    ['./ip_fwd.sh -b 1433 -a SQL.Example.NET. -f 1433 -i eth0', [forward]],
    ['bash ip_fwd.sh -ieth0 -f1433 -asql.example.net -b1433', [forward]],
    ['sudo /bin/bash /home/azureuser/ip_fwd.sh -i eth0 -f 1433 -a "sql.example.net" -b \'1433\'', [forward]],
    ['sh ./ip_fwd.sh -i eth0 -f 1433 -a sql.example.net -b 1433 -s 60', [forward]],
    ['./ip_fwd.sh -i eth0 -f 1433 -a sql.example.net -b 1433 -r', [{ ...forward, kind: 'forward-no-more' }]],
    ['./ip_fwd.sh -i eth1 -f 1434 -a 10.0.3.4 -b 1433', [{ ...forward, device: 'eth1', port: 1434, host: '10.0.3.4' }]],
    ['sudo iptables -t nat -v -L PREROUTING -n --line-number', [listing]],
    ['iptables -t nat -nvL PREROUTING --line-numbers', [listing]],
    ['/usr/sbin/iptables --table nat --list PREROUTING --verbose --numeric --line-numbers', [listing]],
    ['iptables -t nat -L -n -v -x', [{ ...listing, chain: undefined, numbered: false, exact: true }]],
    ['iptables -t nat -D PREROUTING 12', [{ kind: 'delete-rule', number: 12 }]],
    ['iptables -t nat -F', [{ kind: 'delete-rules' }]],
    ['iptables -t nat -F PREROUTING', [{ kind: 'delete-rules' }]],
    ['sysctl net.ipv4.ip_forward', [show]],
    ['sudo sysctl -w net.ipv4.ip_forward=1', [show]],
    ['sysctl -n net.ipv4.ip_forward', [{ kind: 'show-forwarding', bare: true }]],
    ['chmod +x ip_fwd.sh', [note]],
    ['chmod 755 ./ip_fwd.sh', [note]],
    ['wget https://raw.githubusercontent.com/sajitsasi/az-ip-fwd/main/ip_fwd.sh', [note]],
    ['curl -sSL -o ip_fwd.sh https://raw.githubusercontent.com/sajitsasi/az-ip-fwd/main/ip_fwd.sh', [note]],
    ['set -e', [{ kind: 'stop-at-failure' }]],
    ['', []],
    ['  # a comment; with $(anything) in it', []],
    ['sysctl net.ipv4.ip_forward   # as it is', [show]],
    ['#!/bin/bash\r\nset -eux\r\n\r\nsysctl net.ipv4.ip_forward\r\n', [{ kind: 'stop-at-failure' }, show]],
  ])('%j', (text, commands) => {
    expect(readScript(text)).toEqual({ commands });
  });
});

describe('what is refused', () => {
  test.each<[string, number, RegExp]>([
    ['rm -rf /', 127, /^'rm': there is no such command on this machine/],
    ['sudo reboot', 127, /^'reboot'/],
    ['sudo sudo sysctl net.ipv4.ip_forward', 127, /^'sudo'/],
    ['sudo', 1, /^usage: sudo/],
    ['ip_fwd.sh -i eth0 -f 1 -a a.example -b 1', 127, /^'ip_fwd\.sh': there is no such command/],
    ['bash', 127, /runs nothing here but ip_fwd\.sh/],
    ['bash -c id', 127, /runs nothing here but ip_fwd\.sh/],
    ['bash -x ./ip_fwd.sh -i eth0', 127, /runs nothing here/],
    ['sh ./other.sh', 127, /runs nothing here but ip_fwd\.sh/],
    ['./ip_fwd.sh', 1, /no options given/],
    ['./ip_fwd.sh -f 1433 -a a.example -b 1433', 1, /ethernet interface not specified/],
    ['./ip_fwd.sh -i eth0 -a a.example -b 1433', 1, /frontend port not specified/],
    ['./ip_fwd.sh -i eth0 -f 1433 -b 1433', 1, /destination host not specified/],
    ['./ip_fwd.sh -i eth0 -f 1433 -a a.example', 1, /destination port not specified/],
    ['./ip_fwd.sh -i eth0 -f 1433 -a a.example -b', 1, /requires an argument -- b/],
    ['./ip_fwd.sh -i eth0 -f 0 -a a.example -b 1', 1, /'0' is not a port/],
    ['./ip_fwd.sh -i eth0 -f 65536 -a a.example -b 1', 1, /'65536' is not a port/],
    ['./ip_fwd.sh -i eth0 -f 1 -a a.example -b 1e3', 1, /'1e3' is not a port/],
    ['./ip_fwd.sh -i eth0 -f 1 -a a..example -b 1', 1, /neither a host name nor an IPv4 address/],
    ['./ip_fwd.sh -i eth0 -f 1 -a 300.1.1.1 -b 1', 1, /neither a host name/],
    ['./ip_fwd.sh -i eth0 -f 1 -a ::1 -b 1', 1, /neither a host name/],
    ['./ip_fwd.sh -i eth0 -f 1 -a "a b" -b 1', 1, /neither a host name/],
    ['./ip_fwd.sh -i eth0 -f 1 -a a.example -b 1 -z', 1, /'-z' is not an option/],
    ['./ip_fwd.sh -i eth0 -f 1 -a a.example -b 1 more', 1, /'more' is not an option/],
    ["./ip_fwd.sh -i 'e;h' -f 1 -a a.example -b 1", 1, /'e;h' is not the name of an interface/],
    ['iptables -L', 2, /only the table nat/],
    ['iptables -t filter -L', 2, /only the table nat/],
    ['iptables -t', 2, /only the table nat/],
    ['iptables -t nat', 2, /no command specified/],
    ['iptables -t nat -A PREROUTING -p tcp -j DNAT', 2, /'-A' is not understood/],
    ['iptables -t nat -L OUTPUT', 1, /'OUTPUT' is no chain/],
    ['iptables -t nat -F POSTROUTING', 1, /'POSTROUTING' is no chain/],
    ['iptables -t nat -D PREROUTING', 2, /-D takes the chain and the number/],
    ['iptables -t nat -D PREROUTING 0', 2, /-D takes the chain and the number/],
    ['iptables -t nat -L -F', 2, /'-F' is not understood/],
    ['iptables -t nat -L PREROUTING 1 2', 2, /'2' is not understood/],
    ['sysctl -a', 255, /only net\.ipv4\.ip_forward/],
    ['sysctl -w net.ipv4.ip_forward=0', 1, /this machine exists to forward/],
    ['sysctl kernel.hostname', 255, /only net\.ipv4\.ip_forward/],
    ['chmod 777 /etc/passwd', 1, /only ip_fwd\.sh is here/],
    ['wget https://example.com/other.sh', 1, /reaches nothing to download from/],
    ['curl -o /etc/passwd https://example.com/ip_fwd.sh', 1, /reaches nothing to download from/],
    ['curl --upload-file /etc/passwd https://example.com/ip_fwd.sh', 1, /reaches nothing to download from/],
    ['set +e', 2, /only set -e/],
    ['sysctl net.ipv4.ip_forward; id', 2, /^';' is not understood here. Write each command on a line of its own\.$/],
    ['sysctl net.ipv4.ip_forward && id', 2, /^'&'/],
    ['sysctl net.ipv4.ip_forward | tee x', 2, /^'\|'/],
    ['sysctl net.ipv4.ip_forward > x', 2, /^'>'/],
    ['./ip_fwd.sh -i eth0 -f 1 -a $(id) -b 1', 2, /^'\$'/],
    ['./ip_fwd.sh -i eth0 -f 1 -a "$HOST" -b 1', 2, /^'\$'/],
    ['./ip_fwd.sh -i eth0 -f 1 -a `id` -b 1', 2, /^'`'/],
    ['./ip_fwd.sh -i eth0 \\', 2, /^'\\'/],
    ["./ip_fwd.sh -i 'eth0", 2, /^The quote ' has no end/],
    ['PASSWORD=secret ./ip_fwd.sh', 127, /^'PASSWORD=…': there is no such command/],
  ])('%j', (text, exit, refused) => {
    expect(readScript(text)).toEqual({ exit, line: 1, refused: expect.stringMatching(refused) });
  });

  test('the first line that is not known says so, and nothing of the rest', () => {
    expect(readScript('sysctl net.ipv4.ip_forward\n\nid\nrm')).toMatchObject({ line: 3, refused: expect.stringContaining("'id'") });
  });
});

/** Texts that look like what is known. */
const almost = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'sudo',
        './ip_fwd.sh',
        'bash',
        '-i',
        'eth0',
        '-f',
        '1433',
        '-a',
        'a.example',
        '-b',
        '-r',
        'iptables',
        '-t',
        'nat',
        '-L',
      ),
      fc.constantFrom(
        'PREROUTING',
        '-n',
        '-v',
        '--line-numbers',
        '-D',
        '1',
        '-F',
        'sysctl',
        'net.ipv4.ip_forward',
        '-w',
        'chmod',
        '+x',
        '\n',
      ),
      fc.constantFrom(';', '|', '$(id)', '`id`', '&&', '>', "'", '"', '#', '\\', 'set', '-e', 'wget', 'https://x/ip_fwd.sh', '\0', 'rm'),
      fc.string({ maxLength: 8, unit: 'binary' }),
    ),
    { maxLength: 12 },
  )
  .map((words) => words.join(' '));

test('any text is known commands with nothing but good values in them, or refused', () => {
  fc.assert(
    fc.property(fc.oneof(almost, fc.string({ unit: 'binary' })), (text) => {
      const script = readScript(text);
      expect('refused' in script ? isGoodRefusal(script, text) : script.commands.every(isGood)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

function isGoodRefusal({ refused, exit, line }: { refused: string; exit: number; line: number }, text: string): boolean {
  return /\S/.test(refused) && exit > 0 && exit <= 255 && line >= 1 && line <= text.split('\n').length;
}

function isGood(command: Command): boolean {
  switch (command.kind) {
    case 'forward':
    case 'forward-no-more': {
      const ports = [command.port, command.toPort].every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535);
      return ports && /^[a-z0-9_.-]{1,253}$/.test(command.host) && /^[\w.-]{1,15}$/.test(command.device);
    }
    case 'delete-rule':
      return command.number >= 1 && Number.isInteger(command.number);
    case 'list-rules':
    case 'delete-rules':
    case 'show-forwarding':
    case 'stop-at-failure':
    case 'note':
      return true;
  }
}

test('words that come out are those that a shell would see', () => {
  const word = fc.stringMatching(/^[\w.,:=@%+/-]{1,12}$/);
  const quotes = fc.constantFrom('', "'", '"');
  fc.assert(
    fc.property(fc.array(fc.tuple(word, quotes, fc.constantFrom(' ', '  ', '\t'))), (parts) => {
      const line = parts.map(([text, quote, gap]) => `${quote}${text}${quote}${gap}`).join('');
      expect(wordsOf(line)).toEqual({ words: parts.map(([text]) => text) });
    }),
  );
});
