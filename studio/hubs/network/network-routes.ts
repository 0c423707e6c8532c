import type { HubRoute } from '#studio/app/hub-route.ts';

export const networkRoutes: readonly HubRoute[] = [
  { path: '/network', load: async () => (await import('./topology-page.tsx')).TopologyPage },
];
