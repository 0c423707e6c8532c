import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { toFault, type Fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from '#studio/data/arm.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { BodyEditor } from './body-editor.tsx';
import { CompareDialog } from './compare-dialog.tsx';
import type { TypeSchema } from './schema/type-schema.ts';
import { bodyOf, keepingBoth, threeWay, writablePart, type ThreeWay } from './schema/three-way.ts';

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
  const save = useMutation<void, Fault, { readonly over: Ground; readonly body: JsonObject }>({
    mutationFn: async (sent) => {
      const other = await saved({ resource, schema, ...sent });
      if (other === undefined) onDone();
      else setTheirs(other);
    },
  });
  const differencesOf = (other: Ground): readonly ThreeWay[] =>
    threeWay(writable(ground.body, schema), writable(other.body, schema), writable(body, schema));
  const writeOver = (over: Ground, next: JsonObject): void => {
    setGround(over);
    setBody(next);
    setTheirs(undefined);
    save.mutate({ over, body: next });
  };
  return (
    <>
      <BodyEditor
        schema={schema}
        id={resource.id}
        body={body}
        onChange={setBody}
        verb="Save"
        onSend={() => save.mutate({ over: ground, body })}
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
          onWriteMine={() => writeOver(theirs, body)}
          onKeepBoth={() => writeOver(theirs, keepingBoth(theirs.body, differencesOf(theirs)))}
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
  /** What it is written over, if nobody has changed it since. */
  readonly over: Ground;
}

const mostTries = 5;

/**
 * Undefined: it is written. Else what somebody else has made of it. A resource that has only moved by itself since it was read has another etag
 * too: that is no change of anybody's, and it is written over.
 */
async function saved({ resource, schema, body, over }: Saving): Promise<Ground | undefined> {
  const before = writable(over.body, schema);
  for (let tries = 1; ; tries += 1) {
    const now = groundOf((await arm.get(resource.id)) as unknown as ShownResource);
    if (threeWay(before, writable(now.body, schema), before).length > 0) return now;
    try {
      await write({ title: `Save ${resource.name}`, method: 'PUT', path: resource.id, body, ifMatch: now.etag });
      return undefined;
    } catch (error) {
      // It has moved between the two.
      if (toFault(error).kind !== 'precondition' || tries >= mostTries) throw error;
    }
  }
}
