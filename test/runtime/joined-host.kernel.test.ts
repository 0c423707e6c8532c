import { randomBytes } from 'node:crypto';
import { openKernelEngine } from '#fabric/kernel/engine.ts';
import { describeRuntimeHost, scene, type Scene } from './runtime-host.contract.ts';

const open = (more: { readonly mostJobs?: number } = {}): Promise<Scene> =>
  scene({
    ...more,
    allowUnisolated: false,
    openEngine: (options) => openKernelEngine({ ...options, label: randomBytes(4).toString('hex'), limits: { tickMs: 50 } }),
  });

describeRuntimeHost(open, 'sandboxed');
