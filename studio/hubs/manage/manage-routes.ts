import type { HubRoute } from '#studio/app/hub-route.ts';

export const manageRoutes: readonly HubRoute[] = [
  { path: '/manage', load: async () => (await import('./overview-page.tsx')).OverviewPage },
  { path: '/manage/linked-services', load: async () => (await import('./linked-services-page.tsx')).LinkedServicesPage },
  { path: '/manage/linked-services/new', load: async () => (await import('./linked-service-page.tsx')).NewLinkedServicePage },
  { path: '/manage/linked-services/$name', load: async () => (await import('./linked-service-page.tsx')).LinkedServicePage },
  { path: '/manage/endpoints', load: async () => (await import('./endpoints-page.tsx')).EndpointsPage },
];
