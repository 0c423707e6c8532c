import { z } from 'zod';
import { Fault, fault, unreachable } from '#base/fault.ts';
import type { WriteRequest } from '#arm/access.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Action, ActionCall } from '#arm/resource-type.ts';
import type { Json, Resource } from '#arm/resource.ts';
import type { ComputeOptions } from './compute-options.ts';
import { forwardingRuleVersion, rulesOf, type ForwardingRuleProperties } from './forwarding-rule.ts';
import { addressesOf, machineNetwork } from './machine-network.ts';
import { powerNow } from './power.ts';
import { ruleListing, type ListedRule } from './rule-listing.ts';
import type { Command } from './script/command.ts';
import { readScript } from './script/script.ts';

interface RunCommandInput {
  readonly commandId: string;
  readonly script: readonly string[];
}

const maxLines = 1_000;
const input: z.ZodType<RunCommandInput> = z.object({
  commandId: z.string().max(100),
  script: z.array(z.string().max(65_536)).max(maxLines).default([]),
  parameters: z.array(z.unknown()).max(0, 'parameters of scripts are not understood: write the values into the script').optional(),
});

/** What a command left behind. */
interface Done {
  readonly out: string;
  readonly error: string;
  readonly exit: number;
}

interface Shell {
  readonly machine: Resource<unknown>;
  readonly call: Pick<ActionCall<unknown, unknown>, 'resources' | 'principal' | 'correlationId'>;
  readonly options: ComputeOptions;
}

/** `RunShellScript`: how a client logs in to a forwarder and runs `ip_fwd.sh`. Only what `readScript` knows is done. */
export function runCommand<P>(options: ComputeOptions): Action<P, RunCommandInput> {
  return {
    summary: 'Run a script: ip_fwd.sh, iptables -t nat -L PREROUTING, sysctl net.ipv4.ip_forward; parsed here, never by a shell',
    input,
    run: async (call) => {
      const machine = call.self!;
      checkCommand(call.input, machine);
      const script = readScript(call.input.script.join('\n'));
      if ('refused' in script) {
        const error = `line ${script.line}: ${script.refused}\nNothing of the script was run.`;
        return { body: answer({ out: '', error, exit: script.exit }) };
      }
      return { body: answer(await runAll(script.commands, { machine, call, options })) };
    },
  };
}

function checkCommand({ commandId }: RunCommandInput, machine: Resource<unknown>): void {
  if (commandId.toLowerCase() !== 'runshellscript') {
    throw fault('unsupported', 'InvalidParameter', 'The command is not one that forwarders have.', {
      target: 'commandId',
      remedy: 'Forwarders know RunShellScript.',
    });
  }
  const { state } = powerNow(machine.status.outputs);
  if (state === 'running' && !machine.deleting) return;
  throw fault('conflict', 'OperationNotAllowed', `Cannot run commands in the VM '${machine.name}' when it is not running (${state}).`, {
    target: machine.id,
    remedy: `Start it first: POST ${machine.id}/start.`,
  });
}

function answer({ out, error, exit }: Done): Json {
  const good = exit === 0;
  const said = good ? 'Enable succeeded: ' : `Enable failed: failed to execute command: command terminated with exit status=${exit}`;
  const message = `${said}\n[stdout]\n${out}\n[stderr]\n${error}`;
  return {
    value: [
      {
        code: `ProvisioningState/${good ? 'succeeded' : 'failed'}`,
        level: good ? 'Info' : 'Error',
        displayStatus: `Provisioning ${good ? 'succeeded' : 'failed'}`,
        message,
      },
    ],
  };
}

/** In order. As in a shell, what fails does not end the script, unless `set -e` came before, and its last command decides how it ended. */
async function runAll(commands: readonly Command[], shell: Shell): Promise<Done> {
  const all = { out: '', error: '', exit: 0 };
  let stops = false;
  for (const command of commands) {
    if (command.kind === 'stop-at-failure') stops = true;
    const done = await runOne(command, shell);
    all.out += done.out;
    all.error += done.error;
    all.exit = done.exit;
    if (stops && done.exit !== 0) break;
  }
  return all;
}

async function runOne(command: Command, shell: Shell): Promise<Done> {
  switch (command.kind) {
    case 'forward':
    case 'forward-no-more':
      return await forward(command, shell);
    case 'list-rules':
      return said(ruleListing(await listedRules(shell), command));
    case 'delete-rule': {
      const rule = (await shellRules(shell))[command.number - 1];
      if (rule === undefined) return failed('iptables: Index of deletion too big.');
      return await removed([rule], shell);
    }
    case 'delete-rules':
      return await removed(await shellRules(shell), shell);
    case 'show-forwarding':
      return said(command.bare ? '1\n' : 'net.ipv4.ip_forward = 1\n');
    case 'note':
      return said(`${command.text}\n`);
    case 'stop-at-failure':
      return said('');
    default:
      return unreachable(command);
  }
}

function said(out: string): Done {
  return { out, error: '', exit: 0 };
}

function failed(error: string, out = ''): Done {
  return { out, error: `${error}\n`, exit: 1 };
}

async function shellRules({ machine, call }: Shell): Promise<readonly Resource<ForwardingRuleProperties>[]> {
  return await rulesOf(machine.id, call.resources);
}

async function forward(
  { kind, device, port, host, toPort }: Extract<Command, { kind: 'forward' | 'forward-no-more' }>,
  shell: Shell,
): Promise<Done> {
  const interfaces = await machineNetwork(shell.machine, shell.call.resources);
  const names = interfaces.map((_, at) => `eth${at}`);
  if (!names.includes(device)) return failed(`Device "${device}" does not exist. This machine has ${names.join(', ')}.`);
  const local = addressesOf(interfaces[names.indexOf(device)])[0];
  const said = [
    `Using ethernet interface ${device}`,
    `Frontend port is ${port}`,
    `Destination host is ${host}`,
    `Destination port is ${toPort}`,
    ...(local === undefined ? [] : [`Using Local IP ${local}`]),
  ];
  const there = (await shellRules(shell)).find((rule) => rule.name === String(port));
  const [from, to] = [`${local ?? device}:${port}`, `${host}:${toPort}`];
  const old = there && `${there.properties.host}:${there.properties.toPort}`;
  const same = old === to && there?.properties.device === device;
  if (kind === 'forward-no-more') {
    if (there === undefined || !same) {
      const other = old === undefined ? '' : ` (port ${port} leads to ${old})`;
      return done([...said, `DNAT rule is not present, ignoring${other}`]);
    }
    return await after([...said, `-- Removing DNAT rule ${from} -> ${to}`], () => removed([there], shell));
  }
  if (same) return done([...said, `DNAT rule ${from} -> ${to} is already installed, skipping`]);
  const written = { host, toPort, device };
  if (old === undefined) return await after([...said, `Installing DNAT rule ${from} -> ${to}`], () => write(port, written, shell));
  return await after([...said, `Replacing DNAT rule ${from} -> ${old}: the port leads to ${to} from now on`], () =>
    write(port, written, shell),
  );
}

function done(lines: readonly string[]): Done {
  return said(`${lines.join('\n')}\n`);
}

async function after(lines: readonly string[], work: () => Promise<Done>): Promise<Done> {
  const then = await work();
  return { ...then, out: `${lines.join('\n')}\n${then.out}` };
}

function requestFor(port: string, { machine, call }: Shell): Omit<WriteRequest, 'body'> {
  const { principal, correlationId = '' } = call;
  return { id: `${machine.id}/forwardingRules/${port}`, apiVersion: forwardingRuleVersion, principal, correlationId };
}

async function write(port: number, properties: ForwardingRuleProperties, shell: Shell): Promise<Done> {
  return await refusedAs(async () => {
    await shell.options.writer().put({ ...requestFor(String(port), shell), body: { properties: { ...properties } } });
  });
}

async function removed(rules: readonly Resource<ForwardingRuleProperties>[], shell: Shell): Promise<Done> {
  return await refusedAs(async () => {
    for (const rule of rules) await shell.options.writer().delete(requestFor(rule.name, shell));
  });
}

/** What the rule's own type refuses is said on the script's error output, as the script would. */
async function refusedAs(work: () => Promise<void>): Promise<Done> {
  try {
    await work();
    return said('');
  } catch (error) {
    if (!(error instanceof Fault) || error.kind === 'bug') throw error;
    return failed(`ERROR: ${error.message}${error.remedy === undefined ? '' : ` ${error.remedy}`}`);
  }
}

async function listedRules(shell: Shell): Promise<readonly ListedRule[]> {
  const { machine, options } = shell;
  const counters = new Map(options.counters?.().map((one) => [`${one.of} ${one.id}`, one]));
  return (await shellRules(shell)).map(({ name, properties }) => {
    const counter = counters.get(`forward ${keyOf(machine.id)}#${name}`);
    const { host, device, toPort } = properties;
    const address = options.addresses?.(host)[0];
    const bytes = (counter?.bytesIn ?? 0) + (counter?.bytesOut ?? 0);
    return { device, port: Number(name), host, toPort, address, connections: counter?.connections ?? 0, bytes };
  });
}
