import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, type AnyRouter } from '@tanstack/react-router';
import { approvalsRoutes } from '#studio/hubs/approvals/approvals-routes.ts';
import { dataRoutes } from '#studio/hubs/data/data-routes.ts';
import { homeRoutes } from '#studio/hubs/home/home-routes.ts';
import { integrateRoutes } from '#studio/hubs/integrate/integrate-routes.ts';
import { manageRoutes } from '#studio/hubs/manage/manage-routes.ts';
import { monitorRoutes } from '#studio/hubs/monitor/monitor-routes.ts';
import { networkRoutes } from '#studio/hubs/network/network-routes.ts';
import { resourcesRoutes } from '#studio/hubs/resources/resources-routes.ts';
import { NothingHere } from './nothing-here.tsx';
import { Broken } from './broken.tsx';
import { Gate } from './gate.tsx';
import { SignInPage } from './sign-in-page.tsx';
import type { HubRoute } from './hub-route.ts';

const hubs: readonly HubRoute[] = [
  ...homeRoutes,
  ...dataRoutes,
  ...integrateRoutes,
  ...monitorRoutes,
  ...manageRoutes,
  ...networkRoutes,
  ...approvalsRoutes,
  ...resourcesRoutes,
];

const root = createRootRouteWithContext<{ client: QueryClient }>()({ notFoundComponent: NothingHere, errorComponent: Broken });
const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignInPage });
/** Everything that only who is signed in sees. */
const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: Gate });

const pages = hubs.map(({ path, load }) =>
  createRoute({
    getParentRoute: () => inside,
    path,
    component: lazyRouteComponent(async () => ({ default: await load() })),
    errorComponent: Broken,
  }),
);

const nothing = createRoute({ getParentRoute: () => inside, path: '$', component: NothingHere });

export function makeRouter(client: QueryClient): AnyRouter {
  return createRouter({
    routeTree: root.addChildren([signIn, inside.addChildren([...pages, nothing])]),
    basepath: '/studio',
    context: { client },
    defaultPreload: 'intent',
    scrollRestoration: true,
  });
}
