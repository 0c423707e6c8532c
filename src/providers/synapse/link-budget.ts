import { fault, type Fault } from '#base/fault.ts';
import type { LogBudget } from './link-shape.ts';

/** How a source stands with the log that it keeps for a link. */
export type BudgetStanding =
  | { readonly kind: 'within' }
  /** `why` is said and nothing is done. */
  | { readonly kind: 'warn'; readonly why: Fault }
  /** The link gives its place up. */
  | { readonly kind: 'exceeded'; readonly why: Fault };

/** Pure. `heldBytes` undefined: unknown. */
export function standingOf(heldBytes: bigint | undefined, budget: LogBudget, link: string): BudgetStanding {
  if (heldBytes === undefined || heldBytes < BigInt(budget.warnBytes)) return { kind: 'within' };
  if (heldBytes < BigInt(budget.mostBytes)) return { kind: 'warn', why: warned(heldBytes, budget, link) };
  return { kind: 'exceeded', why: exceeded(heldBytes, budget, link) };
}

function warned(held: bigint, { mostBytes }: LogBudget, link: string): Fault {
  return fault('precondition', 'LogBudgetWarning', `The source keeps ${megabytes(held)} MB of its log for the link.`, {
    target: link,
    remedy: `See why the link does not keep up, or resume it. At ${megabytes(BigInt(mostBytes))} MB it gives its place up, and everything is copied anew.`,
  });
}

function exceeded(held: bigint, { mostBytes, whenExceeded }: LogBudget, link: string): Fault {
  const allowed = megabytes(BigInt(mostBytes));
  return fault(
    'precondition',
    'LogBudgetExceeded',
    `The source kept ${megabytes(held)} MB of its log for the link, which may be ${allowed}: the link gave its place up, so that the source gets its log back.`,
    {
      target: link,
      remedy:
        whenExceeded === 'reseed'
          ? 'Everything is copied anew once the link runs again.'
          : 'Resume the link: everything is copied anew. Raise isthmus.logBudget.mostBytes where the source has more room.',
    },
  );
}

function megabytes(bytes: bigint): string {
  return String(bytes / 1_048_576n);
}
