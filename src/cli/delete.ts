import { wordOf } from '#arm/client-answer.ts';
import { fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { readDocuments } from './documents.ts';
import { plainResources, planLines } from './plan.ts';
import { progressLine } from './progress-line.ts';
import { placeOf } from './resource-paths.ts';
import type { Session } from './session.ts';
import { canAsk, confirm } from './terminal.ts';

export interface DeleteRequest {
  readonly ids: readonly string[];
  readonly files: readonly string[];
  readonly group: string | undefined;
  readonly yes: boolean;
}

/** Deletes resources, what lies in others and refers to them first. What is not there is no fault. */
export async function deleteCommand(request: DeleteRequest, session: Session): Promise<void> {
  const { terminal, arm } = session;
  const paths = [...request.ids.map(checkedId), ...(await pathsOfFiles(request, session)).toReversed()];
  if (paths.length === 0) {
    throw fault('invalid', 'NothingNamed', 'What is to be deleted was not said.', { remedy: 'Give ids, or files with --file.' });
  }
  const found: { readonly path: string; readonly shown: JsonObject }[] = [];
  for (const path of paths) {
    const shown = await arm.find(path);
    if (shown) found.push({ path, shown });
    else terminal.writeError(`absent ${path}\n`);
  }
  if (found.length === 0) return terminal.write('Nothing changes.\n');
  await terminal.write(planLines(found.map(({ path, shown }) => ({ id: wordOf(shown['id'] ?? path), change: 'delete', fields: [] }))));
  await checkConfirmed(request, found.length, session);
  using line = progressLine(terminal);
  for (const { path } of found) {
    const wasThere = await arm.delete(path, { signal: terminal.interrupted, onProgress: (progress) => line.show(progress) });
    line.clear();
    terminal.writeError(`${wasThere ? 'deleted' : 'absent'} ${path}\n`);
  }
  await terminal.write('Done.\n');
}

function checkedId(id: string): string {
  const place = placeOf(id);
  if (place.kind === 'resource') return id;
  throw fault('invalid', 'InvalidResourceId', `'${id}' names all of a type, not one resource.`, {
    target: id,
    remedy: 'Add the name of the resource.',
  });
}

async function pathsOfFiles({ files, group }: DeleteRequest, session: Session): Promise<readonly string[]> {
  if (files.length === 0) return [];
  const documents = await readDocuments(files, session.terminal.input);
  const template = documents.find(({ kind }) => kind === 'template');
  if (template) {
    throw fault('unsupported', 'TemplateNotDeletable', `${template.from} is a template: what it made is known to the deployment only.`, {
      target: template.from,
      remedy: 'Delete the resource group, or the resources by their ids; isthmus get deployments NAME -o yaml lists them.',
    });
  }
  return plainResources(documents, { subscription: await session.subscription(), group, scope: undefined }).map(({ path }) => path);
}

async function checkConfirmed({ yes }: DeleteRequest, count: number, { terminal }: Session): Promise<void> {
  if (yes) return;
  if (!canAsk(terminal)) {
    throw fault('invalid', 'NotConfirmed', 'There is no terminal on which to ask whether this is to be deleted.', {
      remedy: 'Give --yes.',
    });
  }
  if (await confirm(terminal, `Delete ${count} ${count === 1 ? 'resource' : 'resources'} and all that lies in them?`)) return;
  throw fault('cancelled', 'NotConfirmed', 'Nothing was deleted.', { remedy: 'Answer y, or give --yes.' });
}
