import type { HubRoute } from '#studio/app/hub-route.ts';

export const monitorRoutes: readonly HubRoute[] = [];
