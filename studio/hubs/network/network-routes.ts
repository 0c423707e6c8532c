import type { HubRoute } from '#studio/app/hub-route.ts';

export const networkRoutes: readonly HubRoute[] = [
  { path: '/network', load: async () => (await import('./topology-page.tsx')).TopologyPage },
  { path: '/network/explain', load: async () => (await import('./explain-page.tsx')).ExplainPage },
  { path: '/network/resources', load: async () => (await import('./network-resources-page.tsx')).NetworkResourcesPage },
];
