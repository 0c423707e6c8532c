import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import type { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { Progress } from '#arm/client.ts';
import { arm } from './arm.ts';
import { noticed } from './notices.ts';

/** One write: what it is called for people, and what is sent. */
export interface Writing {
  /** As a sentence: `Create the virtual network shop-net`. */
  readonly title: string;
  readonly method: 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: Json;
  /** The etag that the form was filled from: somebody else's write in between is refused with 412. */
  readonly ifMatch?: string | undefined;
  /** Only where nothing is there yet: what is there is refused with 412, not replaced. */
  readonly isNew?: boolean;
  /** The page shows how it went, also a refusal. */
  readonly isToldInPage?: boolean;
}

/** Carries out a write to its end, told in the notifications. Faults are the server's. */
export async function write({ title, method, path, body, ifMatch, isNew = false, isToldInPage }: Writing): Promise<JsonObject> {
  return await noticed({ title, resource: path.split('?')[0]!, isToldInPage }, async (say) => {
    const options = {
      ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
      ...(isNew ? { headers: { 'if-none-match': '*' } } : {}),
      onProgress: ({ status, waitingFor }: Progress) => say(waitingFor ?? status),
    };
    if (method === 'PUT') return await arm.put(path, body as JsonObject, options);
    if (method === 'PATCH') return await arm.patch(path, body as JsonObject, options);
    if (method === 'POST') return await arm.post(path, body ?? {}, options);
    await arm.delete(path, options);
    return {};
  });
}

/** `write` for a button or a form: `mutate`, `isPending`, `error`. Pages follow by the changes that the server tells. */
export function useWrite(onDone?: (result: JsonObject, writing: Writing) => void): UseMutationResult<JsonObject, Fault, Writing> {
  return useMutation<JsonObject, Fault, Writing>({ mutationFn: write, ...(onDone && { onSuccess: onDone }) });
}
