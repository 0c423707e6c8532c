import type { JsonObject } from '#arm/resource.ts';

/** How the owner of a target wants connections to be approved, as its tag `hidden-approval` says it. */
export interface Policy {
  /** So many different people. */
  readonly approvers: string;
  /** How long an approval lasts, as ISO 8601 has it; empty: until it is withdrawn. */
  readonly expires: string;
}

type Tags = Readonly<Record<string, string>>;

const tag = 'hidden-approval';

export function policyOf(tags: Tags): Policy {
  const text = Object.entries(tags).find(([name]) => name.toLowerCase() === tag)?.[1] ?? '';
  const said = new Map(
    text.split(';').map((part) => {
      const [key = '', value = ''] = part.split('=');
      return [key.trim(), value.trim()] as const;
    }),
  );
  return { approvers: said.get('approvers') ?? '1', expires: said.get('expires') ?? '' };
}

/** A write of tags takes those away that are not in it: the others stay by being sent. */
export function policyBody(tags: Tags, { approvers, expires }: Policy): JsonObject {
  const others = Object.fromEntries(Object.entries(tags).filter(([name]) => name.toLowerCase() !== tag));
  const said = [...(approvers === '1' ? [] : [`approvers=${approvers}`]), ...(expires === '' ? [] : [`expires=${expires}`])];
  return { tags: said.length === 0 ? others : { ...others, [tag]: said.join('; ') } };
}

export const expiryChoices: readonly { readonly value: string; readonly text: string }[] = [
  { value: '', text: 'until it is withdrawn' },
  { value: 'PT1H', text: '1 hour' },
  { value: 'PT12H', text: '12 hours' },
  { value: 'P1D', text: '1 day' },
  { value: 'P7D', text: '7 days' },
  { value: 'P30D', text: '30 days' },
  { value: 'P90D', text: '90 days' },
];

/** `2 people must approve; an approval lasts 30 days`. */
export function policyWord({ approvers, expires }: Policy): string {
  const people = approvers === '1' ? 'One person must approve' : `${approvers} people must approve`;
  return `${people}; an approval lasts ${expiryChoices.find(({ value }) => value === expires)?.text ?? expires}.`;
}
