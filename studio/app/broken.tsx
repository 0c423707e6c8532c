import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';

/** In place of a page that could not be shown. */
export function Broken({ error, reset }: ErrorComponentProps): ReactElement {
  return <FaultPanel error={error} retry={reset} />;
}
