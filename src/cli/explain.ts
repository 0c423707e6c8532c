import { objectOf, textOf } from '#arm/client-answer.ts';
import { readHostPort, type HostPort } from '#arm/host-port.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { fault, policies, type Fault, type FaultKind } from '#base/fault.ts';
import { findNetwork } from './find-network.ts';
import { numberOf } from './link-connection.ts';
import { asJson, cell, type OutputFormat } from './output.ts';
import type { Session } from './session.ts';

export interface ExplainRequest {
  /** The name or id of a virtual network, an integration runtime, a managed virtual network, or of what has one. */
  readonly from: string;
  /** `host:port` */
  readonly to: string;
  readonly group: string | undefined;
  /** Whether a way that is closed ends the command as a fault. */
  readonly check: boolean;
  readonly output: OutputFormat;
}

/** `isthmus explain`. Faults: `BadDestination`, those of `findNetwork`; those of the way itself with `check`; the server's. */
export async function explainCommand({ from, to, group, check, output }: ExplainRequest, session: Session): Promise<void> {
  const { arm, terminal } = session;
  const { host, port } = destinationOf(to);
  const network = await findNetwork(from, group, session);
  const answer = await arm.post(`${network}/explain`, { host, port }, { signal: terminal.interrupted });
  const denied = answer['open'] === true ? undefined : objectOf(answer['denied']);
  if (output === 'json') await terminal.write(asJson(answer));
  else await terminal.write(hopLines(answer) + (denied === undefined ? openLine(to) : check ? '' : denialLines(denied)));
  if (denied !== undefined && check) throw denialFault(denied);
}

/** Fault: `BadDestination`. */
function destinationOf(to: string): HostPort {
  const read = readHostPort(to);
  if (read !== undefined) return read;
  throw fault('invalid', 'BadDestination', `'${to}' is not a host and a port.`, {
    target: '--to',
    remedy: 'Give it as db.example.net:5432 or 10.0.3.4:1433.',
  });
}

function hopLines({ hops }: JsonObject): string {
  const steps = (Array.isArray(hops) ? (hops as readonly Json[]) : []).map(objectOf);
  const width = Math.max(0, ...steps.map(({ kind }) => (textOf(kind) ?? '').length));
  return steps
    .map((hop) => `${hop['ok'] === true ? '✓' : '✗'} ${cell(textOf(hop['kind']) ?? '').padEnd(width)}  ${detailOf(hop)}${countsOf(hop)}\n`)
    .join('');
}

function detailOf({ detail, id }: JsonObject): string {
  return cell(textOf(detail) ?? textOf(id) ?? '');
}

/** Nothing where nothing came yet. */
function countsOf({ counts }: JsonObject): string {
  const of = objectOf(counts);
  const [connections, open, refused, into, out] = (['connections', 'open', 'refused', 'bytesIn', 'bytesOut'] as const).map(
    (name) => numberOf(of[name]) ?? 0,
  );
  if (connections === 0 && refused === 0) return '';
  return ` (${connections} connections, ${open} open, ${refused} refused, ${into} bytes in, ${out} out)`;
}

function openLine(to: string): string {
  return `open: a connection to ${cell(to)} arrives.\n`;
}

function denialLines(denied: JsonObject): string {
  const remedy = textOf(denied['remedy']);
  const said = `denied ${cell(textOf(denied['code']) ?? '')}: ${cell(textOf(denied['message']) ?? '')}\n`;
  return remedy === undefined ? said : `${said}remedy: ${cell(remedy)}\n`;
}

function denialFault(denied: JsonObject): Fault {
  return fault(kindOf(denied), textOf(denied['code']) ?? 'Denied', textOf(denied['message']) ?? 'The way is closed.', {
    target: textOf(denied['target']),
    remedy: textOf(denied['remedy']),
  });
}

function kindOf({ kind }: JsonObject): FaultKind {
  const told = textOf(kind);
  return told !== undefined && told in policies ? (told as FaultKind) : 'denied';
}
