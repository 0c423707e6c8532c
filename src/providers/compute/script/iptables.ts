import { quoted, refusal, type Command, type Refused, type RuleListing } from './command.ts';

const known =
  'Understood are: iptables -t nat -v -L PREROUTING -n --line-numbers, iptables -t nat -D PREROUTING N, iptables -t nat -F. Rules are made by ip_fwd.sh.';
const longNames: Readonly<Record<string, string>> = {
  '--table': 't',
  '--list': 'L',
  '--delete': 'D',
  '--flush': 'F',
  '--verbose': 'v',
  '--numeric': 'n',
  '--exact': 'x',
  '--line-numbers': '0',
  '--line-number': '0',
};

interface Found {
  table: string | undefined;
  verb: 'L' | 'D' | 'F' | undefined;
  readonly flags: Set<string>;
  /** Chain and number. */
  readonly words: string[];
}

/** The few forms of `iptables` that look at or take away what ip_fwd.sh made. */
export function readIptables(args: readonly string[]): Command | Refused {
  const found: Found = { table: undefined, verb: undefined, flags: new Set(), words: [] };
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at]!;
    const letters = Object.hasOwn(longNames, arg) ? longNames[arg] : /^-([a-zA-Z]+)$/.exec(arg)?.[1];
    if (letters === undefined) {
      if (arg.startsWith('-')) return unknown(arg);
      found.words.push(arg);
    } else if (letters === 't') {
      at += 1;
      found.table = args[at];
    } else if (!takeLetters(letters, found)) {
      return unknown(arg);
    }
  }
  return commandOf(found);
}

function takeLetters(letters: string, found: Found): boolean {
  for (const letter of letters) {
    if (letter === 'L' || letter === 'D' || letter === 'F') {
      if (found.verb !== undefined) return false;
      found.verb = letter;
    } else if ('vnx0'.includes(letter)) {
      found.flags.add(letter);
    } else {
      return false;
    }
  }
  return true;
}

function commandOf({ table, verb, flags, words }: Found): Command | Refused {
  if (table !== 'nat') return refusal(`iptables: only the table nat is kept here (-t nat). ${known}`, 2);
  const [chain, number, ...more] = words;
  if (more.length > 0) return unknown(more[0]!);
  if (chain !== undefined && chain !== 'PREROUTING' && (verb !== 'L' || chain !== 'POSTROUTING')) {
    return refusal(`iptables: ${quoted(chain)} is no chain that this works on. ${known}`);
  }
  switch (verb) {
    case 'L':
      if (number !== undefined) return unknown(number);
      return { kind: 'list-rules', ...listing(chain, flags) };
    case 'F':
      if (number !== undefined) return unknown(number);
      return { kind: 'delete-rules' };
    case 'D':
      if (chain === undefined || number === undefined || !/^[1-9]\d{0,3}$/.test(number)) {
        return refusal(`iptables: -D takes the chain and the number of a rule. ${known}`, 2);
      }
      return { kind: 'delete-rule', number: Number(number) };
    case undefined:
      return refusal(`iptables: no command specified. ${known}`, 2);
  }
}

function listing(chain: RuleListing['chain'], flags: ReadonlySet<string>): RuleListing {
  return { chain, verbose: flags.has('v'), numbered: flags.has('0'), exact: flags.has('x') };
}

function unknown(arg: string): Refused {
  return refusal(`iptables: ${quoted(arg)} is not understood. ${known}`, 2);
}
