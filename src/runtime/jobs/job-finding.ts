import type { Finding } from '#replication/source.ts';
import type { JobFinding } from '../job.ts';

/** More of them help nobody, and the channel takes only so much. */
const mostFindings = 2_000;
const severities = ['error', 'warning', 'info'];
const mostText = 4_000;

/** Findings as they cross the channel, the gravest first; of very many only those. */
export function jobFindings(findings: readonly Finding[]): readonly JobFinding[] {
  return findings
    .toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
    .slice(0, mostFindings)
    .map(jobFinding);
}

/** A finding as it crosses the channel. */
export function jobFinding({ severity, code, message, target, remedy }: Finding): JobFinding {
  return { severity, code, message: shortened(message), target: target ?? null, remedy: remedy === undefined ? null : shortened(remedy) };
}

/** A remedy for a table of very many partitions names each of them. */
function shortened(text: string): string {
  if (text.length <= mostText) return text;
  const whole = text.lastIndexOf('; ', mostText);
  return whole > 0 ? `${text.slice(0, whole + 1)} -- and so on` : `${text.slice(0, mostText)}…`;
}
