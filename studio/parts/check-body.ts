import type { Json, JsonObject } from '#arm/resource.ts';
import { clientApiVersion } from '#arm/client.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { arm } from '#studio/data/arm.ts';

/** Whether the server can say of resources at an address what it would refuse: in groups it can. */
export function canCheck(id: string): boolean {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\//i.test(id);
}

/** Asks the server what it would refuse; nothing is written. Faults: its refusals. */
export async function checkBody(id: string, body: JsonObject): Promise<void> {
  const { type, names, group, subscription } = parseResourceId(id);
  const place = `/subscriptions/${subscription}/resourceGroups/${encodeURIComponent(group!)}`;
  await arm.post(`${place}/providers/Microsoft.Resources/deployments/studio-check/validate`, {
    properties: {
      mode: 'Incremental',
      template: {
        $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
        contentVersion: '1.0.0.0',
        resources: [{ ...(literal(body) as JsonObject), type, name: names.map(plain).join('/'), apiVersion: clientApiVersion }],
      },
    },
  });
}

/** In templates a text that begins with a bracket is an expression: what people typed is none. */
function literal(value: Json): Json {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(literal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value as JsonObject).map(([name, one]) => [name, literal(one)]));
}

function plain(text: string): string {
  return text.startsWith('[') ? `[${text}` : text;
}
