import { objectOf, textOf } from '#arm/client-answer.ts';
import { asJson } from './output.ts';
import type { Session } from './session.ts';

/** A link on standard output that signs whoever asks in to the Studio, once. */
export async function studioCommand(output: 'table' | 'json', { arm, terminal }: Session): Promise<void> {
  const made = await arm.post('/studio/links');
  const { link, expires, principal } = made;
  if (output === 'json') return terminal.write(asJson({ link: link ?? null, expires: expires ?? null, principal: principal ?? null }));
  await terminal.write(`${textOf(link) ?? ''}\n`);
  if (terminal.isTerminal)
    terminal.writeError(`signs ${textOf(objectOf(principal)['name']) ?? 'you'} in, once, until ${textOf(expires) ?? 'it is used'}\n`);
}
