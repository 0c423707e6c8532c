import type { HubRoute } from '#studio/app/hub-route.ts';

/** Whatever has no hub of its own: any resource by its id, all of them, and a new one of any type. */
export const resourcesRoutes: readonly HubRoute[] = [
  { path: '/resources', load: async () => (await import('./resources-page.tsx')).ResourcesPage },
  { path: '/resource/$', load: async () => (await import('./resource-page.tsx')).ResourcePage },
  { path: '/create', load: async () => (await import('./choose-type-page.tsx')).ChooseTypePage },
  { path: '/create/$namespace/$', load: async () => (await import('./create-page.tsx')).CreatePage },
];
