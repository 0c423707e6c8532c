import type { UseQueryResult } from '@tanstack/react-query';
import { useArm } from '#studio/data/queries.ts';
import type { Schema } from './json-schema.ts';

/** A type of resources in a few words. */
export interface TypeFacts {
  readonly type: string;
  readonly summary: string;
  /** The type that it lies in. */
  readonly parent?: string;
  readonly children: readonly string[];
  readonly scopes: readonly ('tenant' | 'subscription' | 'group' | 'resource')[];
  readonly location: 'required' | 'optional' | 'none';
  readonly hasTags: boolean;
  /** What clients may do beside reading. */
  readonly verbs: readonly ('put' | 'patch' | 'delete')[];
  readonly name: { readonly pattern: string; readonly flags: string; readonly maxLength: number; readonly says: string };
}

export interface TypeAction {
  readonly name: string;
  readonly summary: string;
  readonly permission: string;
  readonly needsResource: boolean;
  readonly input: Schema;
}

export interface TypeRead {
  readonly name: string;
  readonly summary: string;
  readonly permission: string;
}

/** All that forms for a type are made from. */
export interface TypeSchema extends TypeFacts {
  readonly versions: { readonly floor: string; readonly implemented: string };
  /** Ids with names in braces. */
  readonly paths: readonly string[];
  /** Paths of members of `properties`. */
  readonly secrets: readonly string[];
  /** Of what a PUT sends. */
  readonly body: Schema;
  readonly actions: readonly TypeAction[];
  readonly reads: readonly TypeRead[];
}

const root = '/providers/Isthmus.Schemas/types';
const never = { watch: {} };

export function useTypeSchema(type: string | undefined): UseQueryResult<TypeSchema> {
  return useArm<TypeSchema>(`${root}/${type ?? ''}`, { ...never, enabled: type !== undefined });
}

/** All types that the server has. */
export function useTypes(): UseQueryResult<{ readonly value: readonly TypeFacts[] }> {
  return useArm<{ readonly value: readonly TypeFacts[] }>(root, never);
}

/** Why a name cannot be given; undefined: it can. */
export function nameTrouble({ name }: Pick<TypeFacts, 'name'>, text: string): string | undefined {
  const { pattern, flags, maxLength, says } = name;
  if (text.length > maxLength) return `A name can have at most ${maxLength} characters.`;
  return new RegExp(pattern, flags).test(text) ? undefined : `A name can be: ${says}.`;
}
