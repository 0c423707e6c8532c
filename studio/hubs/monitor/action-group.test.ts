import { expect, test } from 'vitest';
import { emptyGroup, groupBody, groupDraftOf, groupProblems, replaced, type GroupDraft, type GroupProperties } from './action-group.ts';

const draft: GroupDraft = {
  ...emptyGroup,
  name: 'ops',
  shortName: 'ops',
  webhooks: [{ name: 'chat', serviceUri: ' https://chat.example/hook ' }],
  emails: [{ name: 'night', emailAddress: 'night@example.org' }],
};

test('a group is sent, and read again', () => {
  const { properties } = groupBody(draft) as unknown as { readonly properties: GroupProperties };
  expect(properties).toMatchObject({
    groupShortName: 'ops',
    webhookReceivers: [{ serviceUri: 'https://chat.example/hook', useCommonAlertSchema: true }],
  });
  expect(groupDraftOf('ops', properties)).toEqual({ ...draft, webhooks: [{ name: 'chat', serviceUri: 'https://chat.example/hook' }] });
});

test('what a group lacks is said', () => {
  expect(groupProblems(draft)).toEqual([]);
  expect(groupProblems(emptyGroup)).toHaveLength(3);
  const twice = { ...draft, emails: [{ name: 'Chat', emailAddress: 'x' }] };
  expect(groupProblems(twice)).toEqual(['Two receivers have the same name.', 'An e-mail address is not one.']);
  expect(groupProblems({ ...draft, webhooks: [{ name: '', serviceUri: 'ftp://x' }] })).toEqual([
    'Give each receiver a name.',
    'A webhook is an address that begins with https://.',
  ]);
});

test('one of a list is replaced or taken out', () => {
  expect([replaced(['a', 'b'], 1, 'c'), replaced(['a', 'b'], 0, undefined)]).toEqual([['a', 'c'], ['b']]);
});
