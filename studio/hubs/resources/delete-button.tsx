import { Text } from '@fluentui/react-components';
import { DeleteRegular } from '@fluentui/react-icons';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { ShownResource } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';

/** Deletes a resource; where others refer to it the server says which. */
export function DeleteButton({ resource: { id, name } }: { readonly resource: ShownResource }): ReactElement {
  const navigate = useNavigate();
  const go = async (): Promise<void> => {
    await write({ title: `Delete ${name}`, method: 'DELETE', path: id });
    await navigate({ to: '/resources' });
  };
  return (
    <ConfirmButton text="Delete" title={`Delete ${name}?`} icon={<DeleteRegular />} run={go}>
      <Text block>Everything that lies in it goes too. This cannot be taken back.</Text>
      <CommandPane calls={[{ method: 'DELETE', path: id }]} />
    </ConfirmButton>
  );
}
