import type { HubRoute } from '#studio/app/hub-route.ts';

export const dataRoutes: readonly HubRoute[] = [];
