import { useNavigate, useParams, useSearch as useAddress } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { CreateResource } from '#studio/parts/create-resource.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Page } from '#studio/parts/page.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { typeWord } from '#studio/parts/schema/member-label.ts';
import { useTypeSchema } from '#studio/parts/schema/type-schema.ts';
import { Waiting } from '#studio/parts/waiting.tsx';

/** A new resource of the type that the address names; `within`: the id of what it is to lie in. */
export function CreatePage(): ReactElement {
  const { namespace, _splat: word } = useParams({ strict: false }) as { readonly namespace: string; readonly _splat: string };
  const type = `${namespace}/${word}`;
  const { within } = useAddress({ strict: false }) as { readonly within?: string };
  const navigate = useNavigate();
  const { data, error, isPlaceholderData, refetch } = useTypeSchema(type);
  return (
    <Page
      title={`Create ${typeWord(type)}`}
      about={data?.summary ?? type}
      crumbs={[
        { text: 'Resources', to: '/resources' },
        { text: 'Create', to: '/create' },
      ]}
    >
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      {data === undefined || isPlaceholderData ? (
        error === null && <Waiting />
      ) : (
        <CreateResource
          key={type}
          schema={data}
          within={within}
          onWithin={(id) =>
            void navigate({ to: `/create/${type}`, search: id === undefined ? {} : { within: id }, replace: true, resetScroll: false })
          }
          onDone={(id) => void navigate({ to: resourceAddress(id) })}
        />
      )}
    </Page>
  );
}
