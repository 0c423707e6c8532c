import { randomBytes } from 'node:crypto';
import { describeEngine } from '../engine.contract.ts';
import { openKernelEngine } from './engine.ts';

describeEngine(
  'kernel',
  ({ resolver, maxConnections, tickMs }) =>
    openKernelEngine({
      label: randomBytes(4).toString('hex'),
      ...(resolver && { resolver }),
      limits: { ...(maxConnections !== undefined && { maxConnections }), ...(tickMs !== undefined && { tickMs }) },
    }),
  { limits: false },
);
