import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FabricEngine } from '#fabric/engine.ts';
import { openRuntimeHost, type RuntimeHostOptions } from '#runtime/host/runtime-host.ts';
import type { RuntimeHost, RuntimeNetworks } from '#runtime/runtime.ts';
import { places } from './home-folder.ts';

export interface RuntimesRequest extends Pick<
  RuntimeHostOptions,
  'allowUnisolated' | 'log' | 'sandbox' | 'limits' | 'memoryMb' | 'mostJobs'
> {
  readonly engine: FabricEngine;
  /** The data folder. */
  readonly folder: string;
  /** In place of the worker's own program: a file of the checkout. */
  readonly program?: string;
}

/** The parts of the checkout that a worker is loaded from, beside the packages. */
const parts = ['package.json', 'src/base', 'src/wire', 'src/replication', 'src/runtime', 'node_modules'];

/** Workers of integration runtimes in the networks that an engine carries. To be disposed of before the engine. */
export function openRuntimes({ engine, folder, program = 'src/bin/worker.mjs', ...options }: RuntimesRequest): RuntimeHost {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  return openRuntimeHost({
    ...options,
    networks: networksOf(engine),
    program: {
      file: join(root, program),
      code: [...parts, program].map((part) => join(root, part)),
      cache: places.workerCache(folder),
    },
  });
}

/** The engine's networks as workers see them. */
function networksOf(engine: FabricEngine): RuntimeNetworks {
  return {
    doors: (segment) => engine.doors(segment),
    isOpen: (segment) => engine.isOpen(segment),
    dialer: (segment, asker) => engine.dialer(segment, asker),
    explain: (ask) => engine.explain(ask),
    attach: engine.attach?.bind(engine),
    onChange: (listener) =>
      engine.onEvent(({ kind }) => {
        if (kind === 'applied') listener();
      }),
  };
}
