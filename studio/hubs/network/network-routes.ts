import type { HubRoute } from '#studio/app/hub-route.ts';

export const networkRoutes: readonly HubRoute[] = [
  { path: '/network', load: async () => (await import('./topology-page.tsx')).TopologyPage },
  { path: '/network/explain', load: async () => (await import('./explain-page.tsx')).ExplainPage },
  { path: '/network/resources', load: async () => (await import('./network-resources-page.tsx')).NetworkResourcesPage },
  { path: '/network/create', load: async () => (await import('./create/choose-page.tsx')).ChooseFlowPage },
  { path: '/network/create/network', load: async () => (await import('./create/network-form-page.tsx')).NetworkFormPage },
  { path: '/network/create/balancer', load: async () => (await import('./create/balancer-form-page.tsx')).BalancerFormPage },
  { path: '/network/create/service', load: async () => (await import('./create/service-form-page.tsx')).ServiceFormPage },
  { path: '/network/create/forwarder', load: async () => (await import('./create/forwarder-form-page.tsx')).ForwarderFormPage },
  { path: '/network/create/endpoint', load: async () => (await import('./create/endpoint-form-page.tsx')).EndpointFormPage },
];
