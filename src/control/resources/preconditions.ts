import { fault } from '#base/fault.ts';
import type { Resource } from '#arm/resource.ts';

/** As headers and bodies carry it. */
export function etagOf({ etag }: Pick<Resource<unknown>, 'etag'>): string {
  return `W/"${etag}"`;
}

export interface Preconditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** Fault: `PreconditionFailed` (precondition). Weak and strong etags compare alike: a resource has but one form. */
export function checkPreconditions({ ifMatch, ifNoneMatch }: Preconditions, before: Resource | undefined): void {
  if (ifMatch !== undefined && !matches(ifMatch, before)) {
    throw fault('precondition', 'PreconditionFailed', 'The resource is not as the If-Match header says.', {
      target: 'If-Match',
      remedy:
        before === undefined
          ? 'There is no such resource: leave the header out to create it.'
          : `Read the resource again: its etag is now ${etagOf(before)}.`,
    });
  }
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, before)) {
    throw fault('precondition', 'PreconditionFailed', 'The resource is there already, which the If-None-Match header excludes.', {
      target: 'If-None-Match',
      remedy: 'Leave the header out to replace the resource.',
    });
  }
}

function matches(header: string, before: Resource | undefined): boolean {
  if (before === undefined) return false;
  return header.split(',').some((word) => {
    const tag = word.trim();
    return tag === '*' || plain(tag) === before.etag;
  });
}

function plain(tag: string): string {
  return tag.replace(/^W\//i, '').replace(/^"(.*)"$/, '$1');
}
