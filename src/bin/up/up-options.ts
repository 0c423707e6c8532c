import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { environmentVariable, loadConfig, sealKeyVariable, smtpPasswordVariable, takeEnvironmentSecret } from '#base/config.ts';
import { fault } from '#base/fault.ts';
import { positiveNumber, type Terminal, wholeNumber } from '../terminal.ts';
import { defaultData } from './home-folder.ts';
import { issuerSettings, withSecrets } from './issuer-options.ts';
import { smtpSettings } from './smtp-options.ts';
import type { UpCommand } from './up-command.ts';
import { uplinkOf } from './uplink-options.ts';

/** The settings of `isthmus up`: file < environment (ISTHMUS_METRICS_PORT) < options. */
const settings = z.object({
  data: z.string().min(1).default(defaultData),
  demo: z.boolean().default(false),
  port: z.number().int().min(0).max(65_535).default(4433),
  sqlPort: z.number().int().min(0).max(65_535).default(14_330),
  sqlEncryption: z.enum(['off', 'support', 'require', 'strict']).default('require'),
  tlsCert: z.string().min(1).optional(),
  tlsKey: z.string().min(1).optional(),
  accessLog: z.boolean().default(false),
  allowUnisolated: z.boolean().default(false),
  engine: z.enum(['userspace', 'kernel', 'auto']).default('userspace'),
  uplink: z.string().min(1).optional(),
  uplinkAddress: z.array(z.string().min(1)).default([]),
  uplinkGateway: z.string().min(1).optional(),
  smtp: z.string().min(1).optional(),
  smtpFrom: z.email().optional(),
  smtpPasswordFile: z.string().min(1).optional(),
  allowLocalWebhooks: z.boolean().default(false),
  issuers: issuerSettings,
  rate: z.number().min(0).max(100_000).default(20),
  scale: z.number().min(0).max(1_000).default(1),
  metricsPort: z.number().int().min(0).max(65_535).optional(),
  memoryMb: z.number().int().min(256).default(256),
});

interface UpFlags extends Record<string, unknown> {
  readonly resync: boolean;
  readonly config?: string;
  readonly memory?: number;
}

/** Adds `isthmus up` and `isthmus status`. */
export function addUp(program: Command, terminal: Terminal): void {
  program
    .command('up')
    .description('Run everything as one tree of processes, with all its data in one folder. Kill it anywhere, run it again: it resumes.')
    .option('--data <folder>', `where everything is kept (default: ${defaultData})`)
    .option('--port <port>', 'for the HTTPS interface on this machine; 0: any free one (default: 4433)', wholeNumber)
    .option(
      '--sql-port <port>',
      'for TDS of the first SQL pool on this machine, kept with it; others have those after it; 0: any (default: 14330)',
      wholeNumber,
    )
    .addOption(
      new Option('--sql-encryption <mode>', 'what clients of SQL pools must encrypt: all by default').choices([
        'off',
        'support',
        'require',
        'strict',
      ]),
    )
    .option('--tls-cert <file>', 'a certificate of your own in place of the one made on the first start; with its chain, as PEM')
    .option('--tls-key <file>', "that certificate's key")
    .option('--access-log', 'note every request in logs/access.log of the data folder')
    .option('--allow-unisolated', 'let workers run where this host cannot isolate them (isthmus doctor); the demo does')
    .addOption(
      new Option(
        '--engine <engine>',
        'what carries connections to endpoints; kernel: nftables, as root on Linux (default: userspace)',
      ).choices(['userspace', 'kernel', 'auto']),
    )
    .option('--uplink <interface>', 'one of this host that the kernel engine shares, so that it reaches databases beyond this host itself')
    .option('--uplink-address <address...>', "the engine's own in that network, free ones, with its width: 10.0.0.7/24")
    .option('--uplink-gateway <address>', 'what leads on from there; without it only hosts of that network are reached by it')
    .option('--smtp <url>', 'the server that takes e-mail of alerts: smtp://user@host:587; its password is ISTHMUS_SMTP_PASSWORD')
    .option('--smtp-password-file <file>', "that server's password, in place of the environment's")
    .option('--smtp-from <address>', 'whose name is on such e-mail')
    .option('--allow-local-webhooks', 'let webhooks of alerts lead to this host itself, by its loopback or its link-local addresses')
    .option('--demo', 'with a PostgreSQL of its own that holds a shop, which a writer keeps busy')
    .option('--rate <n>', "transactions a second of the demo's writer; 0: none (default: 20)", positiveNumber)
    .option('--scale <n>', "size of the demo's tables when they are made; 1 is about 700,000 rows (default: 1)", positiveNumber)
    .option('--metrics-port <port>', 'for /metrics, /healthz and /readyz on 127.0.0.1; without it: 9464, or a free one', wholeNumber)
    .option('--memory <MB>', "memory for the demo's SQL pool (default: 256)", wholeNumber)
    .option('--resync', 'forget the rows in the pool and copy everything anew', false)
    .option('--config <file>', 'settings as YAML or JSON, such as rate: 50; options go before them')
    .action(async ({ resync, config: file, memory: memoryMb, ...flags }: UpFlags) => {
      process.title = 'isthmus up';
      const { config } = loadConfig({ schema: settings, file, flags: { ...flags, memoryMb } });
      const screen = { write: terminal.writeError, isTerminal: terminal.isTerminal, size: terminal.size };
      const writeLine = (line: string): void => void terminal.write(line);
      const { upCommand } = await import('./up-command.ts');
      await upCommand(
        {
          ...config,
          metricsPort: config.metricsPort,
          resync,
          allowUnisolated: config.allowUnisolated || config.demo,
          issuers: config.issuers.map(withSecrets),
          tls: ownCertificate(config),
          uplink: uplinkOf(config),
          sql: { firstPort: config.sqlPort, encryption: config.sqlEncryption },
          sealKeys: takeEnvironmentSecret(sealKeyVariable),
          smtp: smtpSettings({ ...config, password: takeEnvironmentSecret(smtpPasswordVariable) }),
        },
        { screen, writeLine },
        terminal.interrupted,
      );
    });
  program
    .command('status')
    .description('What the isthmus up of a data folder runs: tables, their states, lag.')
    .addOption(dataOption())
    .addOption(new Option('-o, --output <format>', 'how it is written').choices(['table', 'json']).default('table'))
    .action(async (options: { data: string; output: 'table' | 'json' }) => {
      const columns = terminal.isTerminal ? terminal.size().columns : Infinity;
      const { statusCommand } = await import('./status-command.ts');
      await terminal.write(await statusCommand(options, columns, terminal.interrupted));
    });
}

/** Adds `isthmus down`. */
export function addDown(program: Command, terminal: Terminal): void {
  program
    .command('down')
    .description('Take away what a kernel engine left on this host when its isthmus up was killed. Nothing of the data folder is touched.')
    .addOption(dataOption())
    .action(async ({ data }: { data: string }) => {
      const { downCommand } = await import('./down-command.ts');
      await terminal.write(await downCommand(data));
    });
}

/** Fault: `BadConfig` (invalid) with one of the two only. */
function ownCertificate(given: { readonly tlsCert?: string | undefined; readonly tlsKey?: string | undefined }): UpCommand['tls'] {
  if (given.tlsCert !== undefined && given.tlsKey !== undefined) return { cert: resolve(given.tlsCert), key: resolve(given.tlsKey) };
  if (given.tlsCert === undefined && given.tlsKey === undefined) return undefined;
  throw fault('invalid', 'BadConfig', 'A certificate of your own needs its key, and a key its certificate.', {
    remedy: 'Give both --tls-cert and --tls-key, or neither.',
  });
}

/** For commands that look at what an `up` runs. */
export function dataOption(): Option {
  return new Option('--data <folder>', 'the data folder of isthmus up').default(environmentVariable('ISTHMUS_DATA') ?? defaultData);
}
