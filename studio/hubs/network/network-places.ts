/** The pages of this hub that are reached from everywhere in it. */
export const networkPlaces = [
  { to: '/network', text: 'Topology' },
  { to: '/network/explain', text: 'Explain a path' },
  { to: '/network/resources', text: 'Resources' },
  { to: '/network/create', text: 'Create' },
] as const;
