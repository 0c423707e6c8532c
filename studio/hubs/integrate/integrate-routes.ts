import type { HubRoute } from '#studio/app/hub-route.ts';

export const integrateRoutes: readonly HubRoute[] = [
  { path: '/integrate', load: async () => (await import('./links-page.tsx')).LinksPage },
  { path: '/integrate/new', load: async () => (await import('./wizard-page.tsx')).WizardPage },
  { path: '/integrate/link/$name', load: async () => (await import('./edit-page.tsx')).EditPage },
];
