import { fault, type Fault } from '#base/fault.ts';

/** The refusal of a template: `place` is a path in it (`resources[0].properties.sku`), or empty. Never holds values. */
export function refuse(place: string, text: string, remedy: string): Fault {
  const where = place === '' ? text : `${text} (at ${place})`;
  return fault('invalid', 'InvalidTemplate', `Deployment template validation failed: '${where}'.`, {
    target: place === '' ? undefined : place,
    remedy,
  });
}

/** The refusal of something that ARM has and this system does not. */
export function refuseFeature(place: string, what: string, remedy: string): Fault {
  return fault(
    'unsupported',
    'TemplateFeatureNotSupported',
    `${what} is not supported in templates${place === '' ? '' : ` (at ${place})`}.`,
    {
      target: place === '' ? undefined : place,
      remedy,
    },
  );
}
