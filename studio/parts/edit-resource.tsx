import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from '#studio/data/arm.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { BodyEditor } from './body-editor.tsx';
import { CompareDialog } from './compare-dialog.tsx';
import type { TypeSchema } from './schema/type-schema.ts';
import { bodyOf, threeWay, writablePart } from './schema/three-way.ts';

export interface EditResourceProps {
  /** As it was when the form was opened: later changes of it are not put into the form. */
  readonly resource: ShownResource;
  readonly schema: TypeSchema;
  readonly hidden?: readonly string[];
  readonly onDone: () => void;
  readonly onCancel?: () => void;
}

/** What the form was filled from. */
interface Ground {
  readonly body: JsonObject;
  readonly etag: string | undefined;
}

/** A resource in a form. What somebody else has written meanwhile is never overwritten unseen. */
export function EditResource({ resource, schema, hidden, onDone, onCancel }: EditResourceProps): ReactElement {
  const [ground, setGround] = useState<Ground>(() => groundOf(resource));
  const [body, setBody] = useState(ground.body);
  const [theirs, setTheirs] = useState<Ground | undefined>();
  const save = useMutation<void, Fault, Ground>({
    mutationFn: async (over) => {
      const other = await saved({ resource, schema, body, over });
      if (other === undefined) onDone();
      else setTheirs(other);
    },
  });
  return (
    <>
      <BodyEditor
        schema={schema}
        id={resource.id}
        body={body}
        onChange={setBody}
        verb="Save"
        onSend={() => save.mutate(ground)}
        isSending={save.isPending}
        refusal={save.error}
        keepsSecrets
        {...(hidden && { hidden })}
        onCancel={onCancel}
      />
      {theirs !== undefined && (
        <CompareDialog
          name={resource.name}
          had={writable(ground.body, schema)}
          now={writable(theirs.body, schema)}
          want={writable(body, schema)}
          secrets={schema.secrets.map((path) => path.split('.').at(-1)!)}
          busy={save.isPending}
          onBack={() => setTheirs(undefined)}
          onTakeTheirs={() => {
            setGround(theirs);
            setBody(theirs.body);
            setTheirs(undefined);
          }}
          onWriteMine={() => {
            const over = theirs;
            setGround(over);
            setTheirs(undefined);
            save.mutate(over);
          }}
        />
      )}
    </>
  );
}

function groundOf(resource: ShownResource): Ground {
  return { body: bodyOf(resource as unknown as JsonObject), etag: resource.etag };
}

function writable(body: JsonObject, schema: TypeSchema): JsonObject {
  return writablePart(body, schema.body, schema.body) as JsonObject;
}

interface Saving {
  readonly resource: ShownResource;
  readonly schema: TypeSchema;
  readonly body: JsonObject;
  readonly over: Ground;
}

const mostTries = 5;

/**
 * Undefined: it is written. Else what somebody else has made of it. A resource that has only moved by itself since it was read has another etag
 * too: that is no change of anybody's, and it is written over.
 */
async function saved({ resource, schema, body, over }: Saving): Promise<Ground | undefined> {
  let etag = over.etag;
  for (let tries = 1; ; tries += 1) {
    try {
      await write({ title: `Save ${resource.name}`, method: 'PUT', path: resource.id, body, ifMatch: etag });
      return undefined;
    } catch (error) {
      if ((error as Fault).kind !== 'precondition' || tries >= mostTries) throw error;
      const now = groundOf((await arm.get(resource.id)) as unknown as ShownResource);
      const before = writable(over.body, schema);
      if (threeWay(before, writable(now.body, schema), before).length > 0) return now;
      etag = now.etag;
    }
  }
}
