import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import type { JsonObject } from '#arm/resource.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { useWrite } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import type { Call } from '#studio/parts/commands.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { ResourceForm } from '#studio/parts/resource-form.tsx';
import type { Schema } from '#studio/parts/schema/json-schema.ts';
import { issuesOf } from '#studio/parts/schema/validate.ts';

const useStyles = makeStyles({ view: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM } });
const schema: Schema = {
  type: 'object',
  properties: { tags: { type: 'object', additionalProperties: { type: 'string', maxLength: 256 }, maxProperties: 50 } },
};

/** Tags alone, which any resource that has them takes at one address. */
export function TagsView({ resource, onDone }: { readonly resource: ShownResource; readonly onDone: () => void }): ReactElement {
  const styles = useStyles();
  const [value, setValue] = useState<JsonObject>({ tags: resource.tags ?? {} });
  const [isReadable, setReadable] = useState(true);
  const save = useWrite(onDone);
  const call: Call = {
    method: 'PUT',
    path: `${resource.id}/providers/Microsoft.Resources/tags/default`,
    body: { properties: { tags: value['tags'] ?? {} } },
  };
  return (
    <div className={styles.view}>
      <ResourceForm schema={schema} value={value} onChange={setValue} onReadable={setReadable} refusal={save.error} />
      {save.error !== null && <FaultPanel error={save.error} />}
      <div>
        <Button
          appearance="primary"
          disabled={save.isPending || !isReadable || issuesOf(value, schema).length > 0}
          onClick={() => save.mutate({ title: `Save the tags of ${resource.name}`, method: 'PUT', path: call.path, body: call.body! })}
        >
          Save tags
        </Button>
      </div>
      <CommandPane calls={[call]} />
    </div>
  );
}
