import { DirectHandover } from './direct-handover.ts';
import { handoverContract, MemoryPool } from './handover.contract.ts';

handoverContract('DirectHandover', async () => {
  const pool = new MemoryPool();
  return {
    pool,
    open: async (kill) => new DirectHandover(pool.writer(kill)),
    settle: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
});
