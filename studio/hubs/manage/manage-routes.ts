import type { HubRoute } from '#studio/app/hub-route.ts';

export const manageRoutes: readonly HubRoute[] = [
  { path: '/manage', load: async () => (await import('./overview-page.tsx')).OverviewPage },
  { path: '/manage/linked-services', load: async () => (await import('./linked-services-page.tsx')).LinkedServicesPage },
  { path: '/manage/linked-services/new', load: async () => (await import('./linked-service-page.tsx')).NewLinkedServicePage },
  { path: '/manage/linked-services/$name', load: async () => (await import('./linked-service-page.tsx')).LinkedServicePage },
  { path: '/manage/workspaces', load: async () => (await import('./workspaces-page.tsx')).WorkspacesPage },
  { path: '/manage/workspaces/subscriptions/$', load: async () => (await import('./workspace-page.tsx')).WorkspacePage },
  { path: '/manage/runtimes', load: async () => (await import('./runtimes-page.tsx')).RuntimesPage },
  { path: '/manage/egress', load: async () => (await import('./egress-page.tsx')).EgressPage },
  { path: '/manage/endpoints', load: async () => (await import('./endpoints-page.tsx')).EndpointsPage },
  { path: '/manage/pools', load: async () => (await import('./pools-page.tsx')).PoolsPage },
  { path: '/manage/credentials', load: async () => (await import('./credentials-page.tsx')).CredentialsPage },
  { path: '/manage/roles', load: async () => (await import('./roles-page.tsx')).RolesPage },
  { path: '/manage/audit', load: async () => (await import('./audit-page.tsx')).AuditPage },
];
