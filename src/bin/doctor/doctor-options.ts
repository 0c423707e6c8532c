import { Option, type Command } from 'commander';
import type { Terminal } from '../terminal.ts';

/** Adds `isthmus doctor`. */
export function addDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description(
      'What this host allows: whether workers are isolated, each item tried from inside a sandbox, and whether the kernel engine runs. Nothing of it stays.',
    )
    .addOption(new Option('-o, --output <format>', 'how it is written').choices(['table', 'json']).default('table'))
    .action(async ({ output }: { output: 'table' | 'json' }) => {
      const { doctorCommand } = await import('./doctor-command.ts');
      await doctorCommand(output, terminal.write);
    });
}
