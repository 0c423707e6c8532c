import type { ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Page } from '#studio/parts/page.tsx';

export function NothingHere(): ReactElement {
  return (
    <Page title="Nothing is here">
      <p>
        No page has this address. <AppLink to="/">Home</AppLink> leads to all of them.
      </p>
    </Page>
  );
}
