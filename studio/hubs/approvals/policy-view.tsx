import { Field, Input, Select, Text } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { nameOf } from '#arm/endpoint-connection.ts';
import { useArm, type ShownResource } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { FormDialog } from '#studio/parts/form-dialog.tsx';
import { Section } from '#studio/parts/section.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { targetWord } from './decision.ts';
import { expiryChoices, policyBody, policyOf, policyWord } from './policy.ts';

/** How many must approve connections to a target, and how long that holds; its owner changes it. */
export function PolicyView({ target }: { readonly target: string }): ReactElement {
  const { data, error } = useArm<ShownResource>(target, { watch: { ids: [target] } });
  return (
    <Section title="Approval policy" actions={data !== undefined && <ChangePolicy target={data} />}>
      {error !== null && <FaultPanel error={error} />}
      {data === undefined && error === null && <Waiting />}
      {data !== undefined && (
        <Text>{`Of the ${targetWord(target)} ${nameOf(target)}: ${policyWord(policyOf(data.tags ?? {}))} It counts for decisions to come.`}</Text>
      )}
    </Section>
  );
}

function ChangePolicy({ target }: { readonly target: ShownResource }): ReactElement {
  const { id, name, tags = {} } = target;
  const [policy, setPolicy] = useState(() => policyOf(tags));
  const body = policyBody(tags, policy);
  const count = Number(policy.approvers);
  const isKnown = expiryChoices.some(({ value }) => value === policy.expires);
  return (
    <FormDialog
      text="Change policy"
      title={`Approval policy of ${name}`}
      submit="Change policy"
      appearance="secondary"
      problem={Number.isInteger(count) && count >= 1 && count <= 20 ? undefined : 'From 1 to 20 people must approve.'}
      calls={[{ method: 'PATCH', path: id, body }]}
      onOpen={() => setPolicy(policyOf(tags))}
      run={() => write({ title: `Change the approval policy of ${name}`, method: 'PATCH', path: id, body })}
    >
      <Field label="People who must approve" required>
        <Input
          value={policy.approvers}
          inputMode="numeric"
          maxLength={2}
          onChange={(_, { value }) => setPolicy({ ...policy, approvers: value.trim() })}
        />
      </Field>
      <Field label="An approval lasts">
        <Select value={policy.expires} onChange={(_, { value }) => setPolicy({ ...policy, expires: value })}>
          {expiryChoices.map(({ value, text }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          {!isKnown && <option value={policy.expires}>{policy.expires}</option>}
        </Select>
      </Field>
    </FormDialog>
  );
}
