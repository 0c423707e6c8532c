import { quoted, refusal, type Command, type Refused } from './command.ts';
import { readIpFwd } from './ip-fwd.ts';
import { readIptables } from './iptables.ts';
import { wordsOf } from './shell-words.ts';

/** A script that was understood as a whole, or the first line of it that was not. */
export type Script = { readonly commands: readonly Command[] } | (Refused & { readonly line: number });

const forwardKey = 'net.ipv4.ip_forward';
const builtIn = 'ip_fwd.sh is part of this machine already';
const scriptPath = /^(?:[\w.~/-]*\/)?ip_fwd\.sh$/;
const scriptAddress = /^https?:\/\/[\w.:/@%~-]+\/ip_fwd\.sh$/;
const knownCommands = 'ip_fwd.sh, iptables -t nat, sysctl net.ipv4.ip_forward, chmod and wget of ip_fwd.sh, set -e';

/**
 * Reads a script by a grammar of its own: the tutorial's commands, blank lines and comments, and nothing else. No shell ever sees it. It is
 * read to its end before anything is done.
 */
export function readScript(text: string): Script {
  const commands: Command[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const split = wordsOf(line);
    const command = 'refused' in split ? refusal(split.refused, 2) : readWords(split.words);
    if (command === undefined) continue;
    if ('refused' in command) return { ...command, line: at + 1 };
    commands.push(command);
  }
  return { commands };
}

/** Undefined: nothing to do. */
function readWords(words: readonly string[]): Command | Refused | undefined {
  const [first, ...rest] = words;
  if (first === undefined) return undefined;
  if (first === 'sudo') return rest.length === 0 ? refusal('usage: sudo COMMAND') : readCommand(rest);
  if (first === 'set') {
    if (rest.length === 1 && /^-(?:e|eu|ex|eux)$/.test(rest[0]!)) return { kind: 'stop-at-failure' };
    return refusal(`set: only set -e is understood here`, 2);
  }
  return readCommand(words);
}

function readCommand([first = '', ...args]: readonly string[]): Command | Refused {
  if (/^(?:\/(?:usr\/)?bin\/)?(?:ba)?sh$/.test(first)) {
    const [path, ...more] = args;
    if (path !== undefined && scriptPath.test(path)) return readIpFwd(more);
    return refusal(`${quoted(first)} runs nothing here but ip_fwd.sh. ${known()}`, 127);
  }
  if (scriptPath.test(first) && first.includes('/')) return readIpFwd(args);
  switch (first.replace(/^\/(?:usr\/)?s?bin\//, '')) {
    case 'iptables':
      return readIptables(args);
    case 'sysctl':
      return readSysctl(args);
    case 'chmod':
      return readChmod(args);
    case 'wget':
    case 'curl':
      return readDownload(first, args);
    default:
      return refusal(`${quoted(first.replace(/=.*$/s, '=…'))}: there is no such command on this machine. ${known()}`, 127);
  }
}

function known(): string {
  return `It forwards ports and does nothing else; it knows: ${knownCommands}.`;
}

function readSysctl(args: readonly string[]): Command | Refused {
  const flags = args.filter((arg) => arg.startsWith('-'));
  const words = args.filter((arg) => !arg.startsWith('-'));
  const word = words[0]?.replace(/\//g, '.');
  if (words.length === 1 && flags.every((flag) => flag === '-n' || flag === '-w')) {
    const writes = flags.includes('-w');
    if (word === forwardKey && !writes) return { kind: 'show-forwarding', bare: flags.includes('-n') };
    if (word === `${forwardKey}=1`) return { kind: 'show-forwarding', bare: flags.includes('-n') };
    if (word === `${forwardKey}=0`) {
      return refusal(`sysctl: this machine exists to forward. Delete its rules, or stop it, to have it forward nothing.`);
    }
  }
  return refusal(`sysctl: only ${forwardKey} is kept here: sysctl ${forwardKey}, or sysctl -w ${forwardKey}=1`, 255);
}

function readChmod([mode, path, ...more]: readonly string[]): Command | Refused {
  if (
    mode !== undefined &&
    path !== undefined &&
    more.length === 0 &&
    scriptPath.test(path) &&
    /^(?:[ugoa]*\+[rx]+|[0-7]{3,4})$/.test(mode)
  ) {
    return { kind: 'note', text: `${builtIn}, and can be run.` };
  }
  return refusal('chmod: only ip_fwd.sh is here, and may be made executable: chmod +x ip_fwd.sh');
}

function readDownload(program: string, args: readonly string[]): Command | Refused {
  const addresses = args.filter((arg) => arg.includes('://'));
  const others = args.filter((arg) => !arg.includes('://'));
  const harmless = (arg: string): boolean => /^-(?:[qNOLsSfo]+)$/.test(arg) || arg === '--quiet' || scriptPath.test(arg);
  if (addresses.length === 1 && scriptAddress.test(addresses[0]!) && others.every(harmless)) {
    return { kind: 'note', text: `${builtIn}: nothing was downloaded.` };
  }
  return refusal(`${program}: this machine reaches nothing to download from. ${builtIn}.`);
}
