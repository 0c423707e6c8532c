import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { fault, type Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';

/** One thing that a file asks for. */
export type Document =
  | { readonly kind: 'template'; readonly template: JsonObject; /** For the deployment. */ readonly name: string; readonly from: string }
  | { readonly kind: 'resource'; readonly body: JsonObject; /** `network.yaml, 2nd` */ readonly from: string };

const extensions = new Set(['.yaml', '.yml', '.json']);

/**
 * What files, folders (their files, by name) and `-` ask for, in order: ARM templates, single resources, lists of them, answers of
 * `isthmus get -o yaml`. JSON or YAML, several documents in a file. Faults: `NoSuchFile`, `FileUnreadable`, `BadDocument`.
 */
export async function readDocuments(files: readonly string[], input: NodeJS.ReadableStream): Promise<readonly Document[]> {
  const documents: Document[] = [];
  for (const file of files.flatMap(filesOf)) {
    const content = file === '-' ? await text(input) : readText(file);
    documents.push(...parseDocuments(content, file));
  }
  if (documents.length > 0) return documents;
  throw fault('invalid', 'NothingAsked', `Nothing is asked for in ${files.join(', ')}.`, {
    remedy: 'Name files that hold an ARM template, or resources with type, name and properties.',
  });
}

function filesOf(file: string): readonly string[] {
  if (file === '-' || !existsSync(file) || !statSync(file).isDirectory()) return [file];
  return readdirSync(file)
    .filter((name) => extensions.has(extname(name).toLowerCase()))
    .toSorted()
    .map((name) => join(file, name));
}

/** Fault: `NoSuchFile`. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw fault('missing', 'NoSuchFile', `The file ${file} cannot be read.`, { target: file, remedy: 'Name a file that is there.', cause });
  }
}

/** Fault: `FileUnreadable`. */
export function parseText(content: string, file: string): readonly Json[] {
  const parsed = parseAllDocuments(content, { prettyErrors: true, uniqueKeys: true });
  const documents = Array.isArray(parsed) ? parsed : [];
  const wrong = documents.flatMap((one) => one.errors)[0];
  // Messages of the parser quote the file, which may hold secrets: only where it went wrong is told.
  if (wrong) {
    const at = wrong.linePos?.[0];
    throw fault(
      'invalid',
      'FileUnreadable',
      `${file} is neither JSON nor YAML${at ? `: line ${at.line}, column ${at.col}` : ''} (${wrong.code}).`,
      {
        target: file,
        remedy: 'Mend that place; a YAML file is indented by spaces only.',
      },
    );
  }
  return documents.map((one) => one.toJS({ maxAliasCount: 100 }) as Json).filter((one) => one !== null && one !== undefined);
}

function parseDocuments(content: string, file: string): readonly Document[] {
  const items = parseText(content, file).flatMap(itemsOf);
  return items.map((item, i) => documentOf(item, items.length === 1 ? file : `${file}, document ${i + 1}`, file));
}

function itemsOf(value: Json): readonly Json[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(itemsOf);
  if (isObject(value) && Array.isArray(value['value']) && value['type'] === undefined) return value['value'] as readonly Json[];
  return [value];
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function documentOf(value: Json, from: string, file: string): Document {
  if (!isObject(value)) throw badDocument(from, 'is not an object');
  if (typeof value['$schema'] === 'string' && /deploymentParameters/i.test(value['$schema']))
    throw badDocument(from, 'is a file of parameters', `Give it with --parameters @${file}.`);
  if ('resources' in value && value['type'] === undefined) return { kind: 'template', template: value, name: deploymentName(file), from };
  if (typeof value['id'] !== 'string' && (typeof value['type'] !== 'string' || typeof value['name'] !== 'string'))
    throw badDocument(from, 'has neither an id nor a type and a name');
  return { kind: 'resource', body: value, from };
}

function badDocument(from: string, what: string, remedy?: string): Fault {
  return fault('invalid', 'BadDocument', `${from} ${what}.`, {
    target: from,
    remedy: remedy ?? 'A resource has type, name, location, tags and properties; a template has $schema and resources.',
  });
}

function deploymentName(file: string): string {
  const name = file === '-' ? 'standard-input' : basename(file, extname(file));
  return name.replaceAll(/[^-\w.()]/g, '-').slice(0, 64);
}
