// @vitest-environment jsdom
import { createDOMRenderer, FluentProvider, RendererProvider, webLightTheme } from '@fluentui/react-components';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
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

/** Writes no styles: nobody looks, and reading them takes long. */
const renderer = createDOMRenderer(undefined);
let latest: JsonObject = {};

function Scene(props: Partial<ResourceFormProps> & { readonly first: JsonObject }): ReactElement {
  const [value, setValue] = useState(props.first);
  latest = value;
  return (
    <RendererProvider renderer={renderer}>
      <FluentProvider theme={webLightTheme}>
        <ResourceForm {...props} schema={schema} value={value} onChange={setValue} />
      </FluentProvider>
    </RendererProvider>
  );
}

function enter(field: HTMLElement, value: string): void {
  fireEvent.change(field, { target: { value } });
}

afterEach(cleanup);

test('fields write the body, and leave alone what none of them is for', () => {
  const first = {
    location: 'here',
    odd: { kept: [1, null] },
    properties: { protocol: 'Tcp', unknown: 'x', provisioningState: 'Succeeded' },
  };
  render(<Scene first={first} />);
  expect(screen.queryByLabelText(/Provisioning/)).toBeNull();
  fireEvent.click(screen.getByText('Add address prefix'));
  enter(screen.getByLabelText(/^Address prefix 1/), '10.0.0.0/16');
  enter(screen.getByLabelText(/Protocol/), '1');
  fireEvent.click(screen.getByText(/^More/));
  enter(screen.getByLabelText('Idle minutes'), '12');
  fireEvent.click(screen.getByLabelText('Is open'));
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

test('what is wrong is told while it is typed; what is missing, when it was tried', () => {
  const { rerender } = render(<Scene first={{ properties: { protocol: 'Tcp' } }} />);
  expect(screen.queryByText('This is needed.')).toBeNull();
  fireEvent.click(screen.getByText(/^More/));
  enter(screen.getByLabelText('Idle minutes'), '31');
  expect(screen.getByText('This can be at most 30.')).toBeDefined();
  enter(screen.getByLabelText('Idle minutes'), '31x');
  expect(screen.getByText('This must be a whole number.')).toBeDefined();
  rerender(<Scene first={{}} showMissing />);
  expect(screen.getAllByText('This is needed.').length).toBe(2);
});

test('JSON and form are the same body', () => {
  render(<Scene first={{ location: 'here' }} />);
  fireEvent.click(screen.getAllByText('Edit as JSON')[0]!);
  const text = screen.getByLabelText('The body that is sent');
  enter(text, '{"location": "there"');
  expect(screen.getByText(/This is no JSON/)).toBeDefined();
  expect(screen.getAllByText('Form')[0]!.closest('button')).toHaveProperty('disabled', true);
  enter(text, '{"location": "there", "more": 1}');
  expect(latest).toEqual({ location: 'there', more: 1 });
  expect(screen.getByText('properties: This is needed.')).toBeDefined();
  fireEvent.click(screen.getAllByText('Form')[0]!);
  expect(screen.getByLabelText(/Location/)).toHaveProperty('value', 'there');
});

test('secrets are typed blind, and kept where nothing is typed', () => {
  render(<Scene first={{ properties: {} }} keepsSecrets />);
  fireEvent.click(screen.getByText(/^More/));
  const field = screen.getByLabelText('Admin password');
  expect(field).toHaveProperty('type', 'password');
  expect(screen.getByText(/Leave it empty to keep it/)).toBeDefined();
});

test('an object that is not needed comes and goes; what can be only one thing is filled in', () => {
  render(<Scene first={{ properties: {} }} />);
  fireEvent.click(screen.getByText(/^More/));
  fireEvent.click(screen.getByText('Set rule'));
  enter(screen.getByLabelText(/Port/), '5432');
  expect(latest['properties']).toEqual({ rule: { port: 5432 } });
  fireEvent.click(screen.getByLabelText('Leave out rule'));
  expect(latest['properties']).toEqual({});
});

test('tags are rows; a name that is there twice is told', () => {
  render(<Scene first={{ tags: { a: '1' } }} />);
  fireEvent.click(screen.getByText('Add to tags'));
  enter(screen.getByLabelText('Tags: name 2'), 'A');
  expect(screen.getByText('This name is there already.')).toBeDefined();
  enter(screen.getByLabelText('Tags: name 2'), 'Ab');
  enter(screen.getByLabelText('Tags: value 2'), '<b>x</b>');
  expect(latest['tags']).toEqual({ a: '1', Ab: '<b>x</b>' });
});

test('a refusal is told at its field', () => {
  const refusal = fault('invalid', 'X', 'Wrong.', {
    details: [fault('invalid', 'Y', 'Not this port.', { target: 'properties.rule.port' })],
  });
  render(<Scene first={{ properties: { rule: { port: 1 } } }} refusal={refusal} />);
  expect(screen.getByText('Not this port.')).toBeDefined();
});
