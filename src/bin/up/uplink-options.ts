import { fault } from '#base/fault.ts';
import { checkedUplink, type Uplink } from '#fabric/kernel/uplink.ts';
import type { EngineChoice } from './channel.ts';

export interface UplinkOptions {
  readonly engine: EngineChoice;
  readonly uplink?: string | undefined;
  readonly uplinkAddress: readonly string[];
  readonly uplinkGateway?: string | undefined;
}

/** What the options of `isthmus up` mean. Faults: `BadUplink`, `BadConfig` (invalid). */
export function uplinkOf({ engine, uplink, uplinkAddress, uplinkGateway }: UplinkOptions): Uplink | undefined {
  if (uplink === undefined && uplinkAddress.length === 0 && uplinkGateway === undefined) return undefined;
  if (uplink === undefined) {
    throw fault('invalid', 'BadConfig', '--uplink-address and --uplink-gateway are of no interface.', {
      remedy: 'Name it with --uplink, or leave them out.',
    });
  }
  if (engine === 'userspace') {
    throw fault('invalid', 'BadConfig', 'The engine in user space has no uplink: it connects as every program of this host does.', {
      remedy: 'Start with --engine kernel or --engine auto, or leave --uplink out.',
    });
  }
  return checkedUplink({ device: uplink, addresses: uplinkAddress, gateway: uplinkGateway });
}
