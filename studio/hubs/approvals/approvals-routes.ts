import type { HubRoute } from '#studio/app/hub-route.ts';

export const approvalsRoutes: readonly HubRoute[] = [
  { path: '/approvals', load: async () => (await import('./approvals-page.tsx')).ApprovalsPage },
  { path: '/approvals/subscriptions/$', load: async () => (await import('./connection-page.tsx')).ConnectionPage },
];
