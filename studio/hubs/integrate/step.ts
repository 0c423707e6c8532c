import type { ShownResource } from '#studio/data/queries.ts';
import type { LinkDraft } from './link-draft.ts';

/** What a step shows and changes. */
export interface StepProps {
  readonly workspace: ShownResource;
  readonly draft: LinkDraft;
  readonly change: (change: Partial<LinkDraft>) => void;
}
