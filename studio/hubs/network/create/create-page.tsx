import type { ReactElement, ReactNode } from 'react';
import { NetworkPage } from '../network-page.tsx';

export interface CreatePageProps {
  readonly title: string;
  readonly about: string;
  readonly children: ReactNode;
}

/** One form of the create flows. */
export function CreatePage({ title, about, children }: CreatePageProps): ReactElement {
  return (
    <NetworkPage title={title} about={about} crumbs={[{ text: 'Create', to: '/network/create' }]}>
      {children}
    </NetworkPage>
  );
}
