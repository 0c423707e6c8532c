import { Spinner } from '@fluentui/react-components';
import type { ReactElement } from 'react';

/** While what is to be shown is on its way. */
export function Waiting({ what = 'Loading' }: { readonly what?: string }): ReactElement {
  return <Spinner label={what} labelPosition="after" size="small" />;
}
