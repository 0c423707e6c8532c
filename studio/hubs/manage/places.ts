/** The pages of this hub, in the order in which a newcomer needs them. */
export interface ManagePlace {
  readonly to: string;
  readonly text: string;
  /** What is done there. */
  readonly about: string;
}

export const managePlaces: readonly ManagePlace[] = [
  { to: '/manage', text: 'Overview', about: 'What there is to manage.' },
  {
    to: '/manage/workspaces',
    text: 'Workspaces',
    about: 'Workspaces and data factories: from where they are reached, and what everything else lies in.',
  },
  { to: '/manage/pools', text: 'SQL pools', about: 'Stores of tables that links fill: made, paused, resumed.' },
  {
    to: '/manage/endpoints',
    text: 'Managed private endpoints',
    about: 'Ways out of the managed network, each approved by the owner of what it leads to.',
  },
  {
    to: '/manage/linked-services',
    text: 'Linked services',
    about: 'Databases, how to log in to them, and a test of the way there hop by hop.',
  },
  { to: '/manage/runtimes', text: 'Integration runtimes', about: 'What connects to databases, and interactive authoring with its end.' },
  { to: '/manage/egress', text: 'Egress', about: 'What leaves the managed network, what was refused, and what enforcing would break.' },
  { to: '/manage/credentials', text: 'Credentials', about: 'Who may sign in: people and programs, with passwords that are shown once.' },
  { to: '/manage/roles', text: 'Roles', about: 'Who may do what where, and what you may do.' },
  {
    to: '/manage/audit',
    text: 'Audit log',
    about: 'What was asked, allowed and refused, in a chain that shows if anybody has tampered with it.',
  },
];
