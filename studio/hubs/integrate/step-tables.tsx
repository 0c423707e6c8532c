import { useSearch as useAddress, useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { Section } from '#studio/parts/section.tsx';
import type { StepProps } from './step.ts';
import { TableChooser } from './table-chooser.tsx';

/** Which tables are linked, and what becomes of their columns. */
export function StepTables({ workspace, draft, change }: StepProps): ReactElement {
  const navigate = useNavigate();
  const { table } = useAddress({ strict: false }) as { readonly table?: string };
  return (
    <Section title="Tables" about="Select a table by its box; open it by its name to see what becomes of each column.">
      <TableChooser
        workspace={workspace}
        draft={draft}
        opened={table}
        onOpen={(name) =>
          void navigate({
            to: '/integrate/new',
            search: { step: 'tables', ...(name !== undefined && { table: name }) } as never,
            replace: true,
          })
        }
        onChange={(tables) => change({ tables })}
      />
    </Section>
  );
}
