import { Option, type Command } from 'commander';
import { positiveNumber, type Terminal, wholeNumber } from '../terminal.ts';
import { defaultData } from './home-folder.ts';

interface UpOptions {
  readonly data: string;
  readonly demo: boolean;
  readonly rate: number;
  readonly scale: number;
  readonly metricsPort?: number;
  readonly memory: number;
  readonly resync: boolean;
}

/** Adds `isthmus up` and `isthmus status`. */
export function addUp(program: Command, terminal: Terminal): void {
  program
    .command('up')
    .description('Run everything as one tree of processes, with all its data in one folder. Kill it anywhere, run it again: it resumes.')
    .option('--data <folder>', 'where everything is kept', defaultData)
    .option('--demo', 'with a PostgreSQL of its own that holds a shop, which a writer keeps busy', false)
    .option('--rate <n>', "transactions a second of the demo's writer; 0: none", positiveNumber, 20)
    .option('--scale <n>', "size of the demo's tables when they are made; 1 is about 700,000 rows", positiveNumber, 1)
    .option('--metrics-port <port>', 'for /metrics, /healthz and /readyz on 127.0.0.1; without it: 9464, or a free one', wholeNumber)
    .option('--memory <MB>', 'memory for the pool engine', wholeNumber, 192)
    .option('--resync', 'forget the rows in the pool and copy everything anew', false)
    .action(async ({ memory, metricsPort, ...options }: UpOptions) => {
      process.title = 'isthmus up';
      const screen = { write: terminal.writeError, isTerminal: terminal.isTerminal, size: terminal.size };
      const writeLine = (line: string): void => void terminal.write(line);
      const { upCommand } = await import('./up-command.ts');
      await upCommand({ ...options, memoryMb: memory, metricsPort }, { screen, writeLine }, terminal.interrupted);
    });
  program
    .command('status')
    .description('What the isthmus up of a data folder runs: tables, their states, lag.')
    .option('--data <folder>', 'the data folder of isthmus up', defaultData)
    .addOption(new Option('-o, --output <format>', 'how it is written').choices(['table', 'json']).default('table'))
    .action(async (options: { data: string; output: 'table' | 'json' }) => {
      const { statusCommand } = await import('./status-command.ts');
      await terminal.write(await statusCommand(options, terminal.isTerminal ? terminal.size().columns : Infinity, terminal.interrupted));
    });
}
