import type { Command } from 'commander';
import { inSession, withServer, type ServerOptions } from './options.ts';
import { outputOption, type OutputFormat } from './output.ts';
import type { CliTerminal } from './terminal.ts';

interface ExplainFlags extends ServerOptions {
  readonly from: string;
  readonly to: string;
  readonly group?: string;
  readonly check: boolean;
  readonly output: OutputFormat;
}

/** Adds `explain`. */
export function addExplain(program: Command, terminal: CliTerminal): void {
  withServer(program.command('explain'))
    .description(
      'The way from a network or an integration runtime to a host and port, hop by hop, or what denies it and what would mend it.',
    )
    .requiredOption(
      '--from <place>',
      'from where: a virtual network, a workspace or data factory, or its integration runtime as HOME/RUNTIME; a name or a whole id',
    )
    .requiredOption('--to <host:port>', 'where to: a name or an address as programs in the network would give it')
    .option('-g, --group <name>', 'the resource group of the virtual network')
    .option(
      '--check',
      'end with a code other than 0 where the way is closed: 3 by a decision or rule, 7 since something does not answer',
      false,
    )
    .addOption(outputOption(['table', 'json']))
    .action(async (flags: ExplainFlags) => {
      const { explainCommand } = await import('./explain.ts');
      const { from, to, group, check, output } = flags;
      await inSession(flags, terminal, (session) => explainCommand({ from, to, group, check, output }, session));
    });
}
