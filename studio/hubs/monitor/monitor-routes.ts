import type { HubRoute } from '#studio/app/hub-route.ts';

export const monitorRoutes: readonly HubRoute[] = [
  { path: '/monitor', load: async () => (await import('./links-page.tsx')).LinksPage },
  { path: '/monitor/link/$name', load: async () => (await import('./link-page.tsx')).LinkPage },
  { path: '/monitor/alerts', load: async () => (await import('./alerts-page.tsx')).AlertsPage },
];
