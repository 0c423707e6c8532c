import type { ReactElement } from 'react';
import { Page } from '#studio/parts/page.tsx';
import { useSession } from '#studio/data/session.ts';

/** What there is at a glance, and where to begin. */
export function HomePage(): ReactElement {
  const { principal } = useSession();
  return <Page title="Home" about={`Signed in as ${principal.name}.`} />;
}
