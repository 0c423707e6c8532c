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
    to: '/manage/endpoints',
    text: 'Managed private endpoints',
    about: 'Ways out of the managed network, each approved by the owner of what it leads to.',
  },
  {
    to: '/manage/linked-services',
    text: 'Linked services',
    about: 'Databases, how to log in to them, and a test of the way there hop by hop.',
  },
];
