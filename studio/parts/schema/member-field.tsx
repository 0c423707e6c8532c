import type { ReactElement } from 'react';
import { AnythingField } from './anything-field.tsx';
import { fieldKind } from './field-kind.ts';
import { useFormScene, type FieldProps, type MemberFieldProps } from './form-context.ts';
import { pathText, valueAt } from './form-path.ts';
import { EitherField, GroupField } from './group-field.tsx';
import { resolved } from './json-schema.ts';
import { ListField } from './list-field.tsx';
import { MapField } from './map-field.tsx';
import { memberLabel, referenceLabel } from './member-label.ts';
import { ChoiceField, FlagField, NumberField, SecretField, TextField } from './plain-fields.tsx';
import { ReferenceField } from './reference-field.tsx';

/** One member of a body, filled in by what its schema is. */
export function MemberField({ schema: given, path, isRequired, label }: MemberFieldProps): ReactElement | null {
  const { root, body, hidden } = useFormScene();
  const schema = resolved(given, root);
  const name = String(path.at(-1) ?? '');
  const kind = fieldKind(schema, root, name);
  if (kind.kind === 'fixed' || hidden.has(pathText(path))) return null;
  const called = label ?? (kind.kind === 'reference' ? referenceLabel(name) : memberLabel(name));
  const props: FieldProps = { schema, path, label: called, isRequired, value: valueAt(body, path), hint: schema.description };
  switch (kind.kind) {
    case 'choice':
      return <ChoiceField {...props} options={kind.options} />;
    case 'flag':
      return <FlagField {...props} />;
    case 'number':
      return <NumberField {...props} />;
    case 'secret':
      return <SecretField {...props} />;
    case 'text':
      return <TextField {...props} isLong={kind.isLong} />;
    case 'reference':
      return <ReferenceField {...props} types={kind.types} inside={kind.inside} />;
    case 'list':
      return <ListField {...props} items={kind.items} />;
    case 'map':
      return <MapField {...props} maxLength={kind.maxLength} />;
    case 'group':
      return <GroupField {...props} />;
    case 'either':
      return <EitherField {...props} branches={kind.branches} />;
    case 'anything':
      return <AnythingField {...props} />;
  }
}
