import type { HubRoute } from '#studio/app/hub-route.ts';

export const dataRoutes: readonly HubRoute[] = [{ path: '/data', load: async () => (await import('./pools-page.tsx')).PoolsPage }];
