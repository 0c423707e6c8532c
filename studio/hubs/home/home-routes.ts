import type { HubRoute } from '#studio/app/hub-route.ts';

export const homeRoutes: readonly HubRoute[] = [{ path: '/', load: async () => (await import('./home-page.tsx')).HomePage }];
