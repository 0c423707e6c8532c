import type { HubRoute } from '#studio/app/hub-route.ts';

export const integrateRoutes: readonly HubRoute[] = [];
