import { bytesText } from '#studio/parts/quantity-words.ts';
import type { Rate } from './rates.ts';
import { detailText, type TopologyNode } from './topology-shape.ts';

/** `→ 12 KiB/s`; undefined: nothing passes that way. */
export function speedText(arrow: '→' | '←', perSecond: number): string | undefined {
  return perSecond > 0 ? `${arrow} ${bytesText(Math.round(perSecond))}/s` : undefined;
}

/** `→ 12 KiB/s, ← 3 MiB/s, 2 open`; undefined: nothing passes and nothing is open. */
export function rateText({ inPerSecond, outPerSecond, open }: Rate): string | undefined {
  const parts = [speedText('→', inPerSecond), speedText('←', outPerSecond), openText(open)].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

export function openText(open: number): string | undefined {
  return open > 0 ? `${open} open` : undefined;
}

const stateWords: Readonly<Record<string, string>> = {
  isolated: 'isolated',
  notIsolated: 'not isolated',
  NotListening: 'cannot listen',
  enabled: 'public',
  disabled: 'not public',
  none: 'private name only',
};

/** A state as people say it. */
export function stateText(state: string): string {
  return stateWords[state] ?? state;
}

/** The one line under a card's name. */
export function lineOf({ kind, detail }: TopologyNode): string {
  const text = (name: string): string => detailText(detail, name);
  switch (kind) {
    case 'endpoint':
    case 'backend':
      return text('address');
    case 'service':
      return Array.isArray(detail['natAddresses']) ? `NAT ${detail['natAddresses'].join(', ')}` : '';
    case 'balancer':
      return Array.isArray(detail['frontends'])
        ? (detail['frontends'] as readonly { readonly address: string }[]).map(({ address }) => address).join(', ')
        : '';
    case 'worker':
      return text('job');
    case 'forwarder':
      return Array.isArray(detail['rules']) && detail['rules'].length > 0
        ? (detail['rules'] as readonly { readonly port: number }[]).map(({ port }) => `:${port}`).join(' ')
        : 'forwards nothing';
    case 'publicServer':
      return text('product');
    case 'virtualNetwork':
      return Array.isArray(detail['addressPrefixes']) ? detail['addressPrefixes'].join(', ') : '';
    case 'managedNetwork':
      return egressText(text('egress'));
    case 'subnet':
      return text('addressPrefix');
    case 'site':
    case 'rule':
    case 'database':
    case 'hidden':
      return '';
  }
}

/** What besides its endpoints is reached from a network. */
function egressText(egress: string): string {
  if (egress === 'none') return 'egress closed';
  return egress === 'report' ? 'egress reported' : 'egress open';
}

/** What an edge or a card is drawn like. */
export type Tone = 'good' | 'warning' | 'bad' | 'still';

const tones: Readonly<Record<string, Tone>> = {
  up: 'good',
  Approved: 'good',
  running: 'good',
  isolated: 'good',
  enabled: 'good',
  degraded: 'warning',
  unknown: 'warning',
  Pending: 'warning',
  notIsolated: 'warning',
  down: 'bad',
  Rejected: 'bad',
  Disconnected: 'bad',
  Expired: 'bad',
  NotListening: 'bad',
  stopped: 'bad',
};

export function toneOf(state: string | undefined): Tone {
  return (state === undefined ? undefined : tones[state]) ?? 'still';
}
