import type { HubRoute } from '#studio/app/hub-route.ts';

export const manageRoutes: readonly HubRoute[] = [];
