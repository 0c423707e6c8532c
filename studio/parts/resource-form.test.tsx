// @vitest-environment jsdom
import { FluentProvider, webLightTheme } from '@fluentui/react-components';
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState, type ReactElement } from 'react';
import { afterEach, expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { fault } from '#base/fault.ts';
import { ResourceForm, type ResourceFormProps } from './resource-form.tsx';
import type { Schema } from './schema/json-schema.ts';

const schema: Schema = {
  type: 'object',
  required: ['location', 'properties'],
  properties: {
    location: { type: 'string' },
    tags: { type: 'object', additionalProperties: { type: 'string', maxLength: 10 } },
    properties: {
      type: 'object',
      required: ['addressPrefixes', 'protocol'],
      properties: {
        addressPrefixes: { type: 'array', minItems: 1, items: { type: 'string', maxLength: 12 } },
        protocol: { type: 'string', enum: ['Tcp', 'Http'] },
        idleMinutes: { type: 'integer', minimum: 4, maximum: 30, default: 4 },
        isOpen: { type: 'boolean', default: true },
        comment: { type: 'string' },
        adminPassword: { type: 'string', writeOnly: true },
        rule: { type: 'object', required: ['port'], properties: { kind: { const: 'Rule' }, port: { type: 'integer' } } },
        provisioningState: { type: 'string', readOnly: true },
      },
    },
  },
};

let latest: JsonObject = {};

function Scene(props: Partial<ResourceFormProps> & { readonly first: JsonObject }): ReactElement {
  const [value, setValue] = useState(props.first);
  latest = value;
  return (
    <FluentProvider theme={webLightTheme}>
      <ResourceForm {...props} schema={schema} value={value} onChange={setValue} />
    </FluentProvider>
  );
}

afterEach(cleanup);

test('fields write the body, and leave alone what none of them is for', async () => {
  const user = userEvent.setup();
  const first = {
    location: 'here',
    odd: { kept: [1, null] },
    properties: { protocol: 'Tcp', unknown: 'x', provisioningState: 'Succeeded' },
  };
  render(<Scene first={first} />);
  expect(screen.queryByLabelText(/Provisioning/)).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Add address prefix' }));
  await user.type(screen.getByRole('textbox', { name: /Address prefix 1/ }), '10.0.0.0/16');
  await user.selectOptions(screen.getByLabelText(/Protocol/), 'Http');
  await user.click(screen.getByRole('button', { name: /^More/ }));
  await user.type(screen.getByLabelText('Idle minutes'), '12');
  await user.click(screen.getByRole('checkbox', { name: 'Is open' }));
  expect(latest).toEqual({
    location: 'here',
    odd: { kept: [1, null] },
    properties: {
      protocol: 'Http',
      unknown: 'x',
      provisioningState: 'Succeeded',
      addressPrefixes: ['10.0.0.0/16'],
      idleMinutes: 12,
      isOpen: false,
    },
  });
});

test('what is wrong is told while it is typed; what is missing, when it was tried', async () => {
  const user = userEvent.setup();
  const { rerender } = render(<Scene first={{ properties: { protocol: 'Tcp' } }} />);
  expect(screen.queryByText('This is needed.')).toBeNull();
  await user.click(screen.getByRole('button', { name: /^More/ }));
  await user.type(screen.getByLabelText('Idle minutes'), '31');
  expect(screen.getByText('This can be at most 30.')).toBeDefined();
  await user.type(screen.getByLabelText('Idle minutes'), 'x');
  expect(screen.getByText('This must be a whole number.')).toBeDefined();
  rerender(<Scene first={{}} showMissing />);
  expect(screen.getAllByText('This is needed.').length).toBe(2);
});

test('JSON and form are the same body', async () => {
  const user = userEvent.setup();
  render(<Scene first={{ location: 'here' }} />);
  await user.click(screen.getByRole('tab', { name: 'Edit as JSON' }));
  const text = screen.getByLabelText('The body that is sent');
  await user.clear(text);
  await user.type(text, '{{"location": "there"');
  expect(screen.getByText(/This is no JSON/)).toBeDefined();
  expect(screen.getByRole('tab', { name: 'Form' })).toHaveProperty('disabled', true);
  await user.type(text, ', "more": 1}');
  expect(latest).toEqual({ location: 'there', more: 1 });
  expect(screen.getByText('properties: This is needed.')).toBeDefined();
  await user.click(screen.getByRole('tab', { name: 'Form' }));
  expect(screen.getByLabelText(/Location/)).toHaveProperty('value', 'there');
});

test('secrets are typed blind, and kept where nothing is typed', async () => {
  render(<Scene first={{ properties: {} }} keepsSecrets />);
  await userEvent.setup().click(screen.getByRole('button', { name: /^More/ }));
  const field = screen.getByLabelText('Admin password');
  expect(field).toHaveProperty('type', 'password');
  expect(screen.getByText(/Leave it empty to keep it/)).toBeDefined();
});

test('an object that is not needed comes and goes; what can be only one thing is filled in', async () => {
  const user = userEvent.setup();
  render(<Scene first={{ properties: {} }} />);
  await user.click(screen.getByRole('button', { name: /^More/ }));
  await user.click(screen.getByRole('button', { name: 'Set rule' }));
  await user.type(screen.getByLabelText(/Port/), '5432');
  expect(latest['properties']).toEqual({ rule: { port: 5432 } });
  await user.click(screen.getByRole('button', { name: 'Leave out rule' }));
  expect(latest['properties']).toEqual({});
});

test('tags are rows; a name that is there twice is told', async () => {
  const user = userEvent.setup();
  render(<Scene first={{ tags: { a: '1' } }} />);
  await user.click(screen.getByRole('button', { name: 'Add to tags' }));
  await user.type(screen.getByLabelText('Tags: name 2'), 'A');
  expect(screen.getByText('This name is there already.')).toBeDefined();
  await user.type(screen.getByLabelText('Tags: name 2'), 'b');
  await user.type(screen.getByLabelText('Tags: value 2'), '<b>x</b>');
  expect(latest['tags']).toEqual({ a: '1', Ab: '<b>x</b>' });
});

test('a refusal is told at its field', () => {
  const refusal = fault('invalid', 'X', 'Wrong.', {
    details: [fault('invalid', 'Y', 'Not this port.', { target: 'properties.rule.port' })],
  });
  render(<Scene first={{ properties: { rule: { port: 1 } } }} refusal={refusal} />);
  expect(screen.getByText('Not this port.')).toBeDefined();
});
