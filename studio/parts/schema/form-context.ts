import { createContext, useContext, type ComponentType } from 'react';
import { must } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { pathText, type FormPath } from './form-path.ts';
import type { Schema } from './json-schema.ts';
import type { Issue } from './validate.ts';

/** What every field is given. */
export interface FieldProps {
  readonly schema: Schema;
  readonly path: FormPath;
  readonly label: string;
  readonly isRequired: boolean;
  readonly value: Json | undefined;
  /** Explains it in a sentence. */
  readonly hint: string | undefined;
}

export interface MemberFieldProps {
  readonly schema: Schema;
  readonly path: FormPath;
  readonly isRequired: boolean;
  /** Default: the member's name for people. */
  readonly label?: string;
}

/** What all fields of one form share. */
export interface FormScene {
  readonly root: Schema;
  readonly body: JsonObject;
  /** Fills in one member, whatever it is: fields that have others inside do not know them. */
  readonly Member: ComponentType<MemberFieldProps>;
  /** Undefined: the member goes. */
  readonly change: (path: FormPath, value: Json | undefined) => void;
  /** By `pathText`. */
  readonly issues: ReadonlyMap<string, readonly Issue[]>;
  /** Whether what is missing is told too. */
  readonly showMissing: boolean;
  /** Whether what is stored has secrets already, which stay where nothing is filled in. */
  readonly keepsSecrets: boolean;
  /** What is being typed somewhere and is no JSON yet. */
  readonly unreadable: (path: FormPath, isUnreadable: boolean) => void;
  /** By `pathText`: not shown. */
  readonly hidden: ReadonlySet<string>;
}

export const FormContext = createContext<FormScene | undefined>(undefined);

export function useFormScene(): FormScene {
  return must(useContext(FormContext), 'Fields are in a form.');
}

/** What is told at a field. */
export function useTrouble(path: FormPath): string | undefined {
  const { issues, showMissing } = useFormScene();
  const found = issues.get(pathText(path))?.find(({ isMissing }) => showMissing || !isMissing);
  return found?.text;
}
