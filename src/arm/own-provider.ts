import type { Principal } from './resource-type.ts';
import type { Json } from './resource.ts';

/** One request for what an own provider answers. */
export interface OwnAsk {
  /** The id in front of `/providers/{namespace}`, as it was asked; empty: the tenant. It need not be there. */
  readonly scope: string;
  /** What follows the answer's word in the address. */
  readonly words: readonly string[];
  /** Names in lower case. */
  readonly query: ReadonlyMap<string, string>;
  readonly principal: Principal;
  /** `https://host:port` as the client used it, for `nextLink`. */
  readonly base: string;
  readonly correlationId: string;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** The body as JSON; undefined: there is none. Faults: `InvalidRequestContent`, `UnsupportedMediaType`. */
  readonly body: () => Json | undefined;
  /** Whether a resource of the type may be read by whoever asks. */
  readonly mayRead: (type: string, id: string) => boolean | Promise<boolean>;
}

/** `{verb} [{scope}]/providers/{namespace}/{word}[/…]`. */
export interface OwnAnswer {
  readonly verb: 'GET' | 'POST';
  readonly word: string;
  readonly summary: string;
  /** Where it is asked for: at the tenant only, or only at something in it. Default: at any scope. */
  readonly at?: 'tenant' | 'resource';
  /** What may follow the word, for documents: `/{type}`. Default: nothing. */
  readonly follows?: readonly string[];
  /** Checked at the scope before `run`. Undefined: `run` shows only what `mayRead` allows, and nobody is refused. */
  readonly permission: string | undefined;
  /** Answered with status 200. It changes nothing. */
  readonly run: (ask: OwnAsk) => Promise<Json>;
}

/**
 * What is asked for in a namespace at any scope, and is no resource: what is looked for, derived or measured. A namespace may have types of
 * resources too, whose names are other words.
 */
export interface OwnProvider {
  /** `Isthmus.Search`, `Microsoft.Insights`. */
  readonly namespace: string;
  readonly answers: readonly OwnAnswer[];
}
