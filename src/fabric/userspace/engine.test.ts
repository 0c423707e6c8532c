import { describeEngine } from '../engine.contract.ts';
import { openUserspaceEngine } from './engine.ts';

describeEngine('user space', ({ resolver, maxConnections, tickMs }) =>
  openUserspaceEngine({
    ...(resolver && { resolver }),
    limits: { ...(maxConnections !== undefined && { maxConnections }), ...(tickMs !== undefined && { tickMs }) },
  }),
);
