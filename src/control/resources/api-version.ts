import { fault } from '#base/fault.ts';
import type { AnyType } from '#arm/resource-type.ts';

const wellFormed = /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(-[a-z][a-z0-9.]{0,30})?$/i;

/** Faults (invalid): `MissingApiVersionParameter`, `InvalidApiVersionParameter`. */
export function checkVersionForm(version: string | undefined): asserts version is string {
  if (version === undefined || version === '') {
    throw fault('invalid', 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.', {
      target: 'api-version',
      remedy: 'Add ?api-version=YYYY-MM-DD to the address.',
    });
  }
  if (wellFormed.test(version)) return;
  const shown = version.slice(0, 60).replace(/[^\w.-]/g, '?');
  throw fault('invalid', 'InvalidApiVersionParameter', `The api-version '${shown}' is invalid.`, {
    target: 'api-version',
    remedy: 'Give a date, YYYY-MM-DD, or one with -preview at its end.',
  });
}

/**
 * Any version of the right form that is not older than the type's floor will do. Faults (invalid): those of `checkVersionForm`, and
 * `NoRegisteredProviderFound` below the floor.
 */
export function checkVersion(version: string | undefined, type: AnyType, location?: string): asserts version is string {
  if (version === type.versions.implemented) return;
  checkVersionForm(version);
  const { floor, implemented } = type.versions;
  if (!isBefore(version, floor)) return;
  throw fault(
    'invalid',
    'NoRegisteredProviderFound',
    `No registered resource provider found for location '${location ?? 'global'}' and API version '${version}' for type '${shortType(type.type)}'. The oldest supported api-version is '${floor}', the implemented one '${implemented}'.`,
    { target: 'api-version', remedy: `Ask with api-version=${implemented}.` },
  );
}

/** A preview comes before the version of the same day. */
function isBefore(version: string, floor: string): boolean {
  const [day, floorDay] = [version.slice(0, 10), floor.slice(0, 10)];
  return day < floorDay || (day === floorDay && version.length > 10 && floor.length === 10);
}

/** `virtualNetworks/subnets` of `Microsoft.Network/virtualNetworks/subnets`. */
export function shortType(type: string): string {
  return type.slice(type.indexOf('/') + 1);
}
