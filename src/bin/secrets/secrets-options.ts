import { Option, type Command } from 'commander';
import { sealKeyVariable, takeEnvironmentSecret } from '#base/config.ts';
import type { Terminal } from '../terminal.ts';
import { dataOption } from '../up/up-options.ts';

/** Adds `isthmus secrets`. */
export function addSecrets(program: Command, terminal: Terminal): void {
  const secrets = program.command('secrets').description('How passwords and keys are sealed at rest.');
  secrets
    .command('rotate')
    .description(
      `Seal every secret of a data folder with a new key, or with the first one of ${sealKeyVariable}; isthmus up must be stopped.`,
    )
    .addOption(dataOption())
    .addOption(new Option('-o, --output <format>', 'how it is written').choices(['table', 'json']).default('table'))
    .action(async ({ data, output }: { data: string; output: 'table' | 'json' }) => {
      const fromEnvironment = takeEnvironmentSecret(sealKeyVariable);
      const { rotateCommand } = await import('./rotate-command.ts');
      await terminal.write(await rotateCommand({ data, output, fromEnvironment }));
    });
}
