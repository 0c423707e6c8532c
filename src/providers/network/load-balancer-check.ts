import { fault, type Fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { CheckContext } from '#arm/resource-type.ts';
import type { Asked } from '#arm/resource.ts';
import { checkNames, type IdReference } from './ip-configuration.ts';
import type { LoadBalancerProperties, ProbeProtocol, RulePart } from './load-balancer-shape.ts';
import { networkOfSubnet } from './subnet.ts';
import { backendPoolType } from './type-names.ts';

type Rules = LoadBalancerProperties['loadBalancingRules'];

const rulesAt = 'properties.loadBalancingRules';
/** Beside Azure's: what the probe of a name speaks, `{probe}=postgresql; {probe}=tds`. */
const protocolTag = 'hidden-probe-protocol';
const protocols: readonly string[] = ['postgresql', 'mysql', 'tds'] satisfies readonly ProbeProtocol[];

/** All that no schema says of a load balancer. */
export async function checkLoadBalancer(
  { properties, tags }: Asked<LoadBalancerProperties>,
  context: CheckContext<LoadBalancerProperties>,
): Promise<void> {
  const { frontendIPConfigurations: frontends, probes, loadBalancingRules: rules } = properties;
  checkNames(frontends, 'properties.frontendIPConfigurations');
  checkNames(probes, 'properties.probes');
  checkNames(rules, rulesAt);
  for (const [i, { properties: one }] of probes.entries())
    if (one.protocol !== 'Tcp' && one.requestPath === undefined)
      throw fault('invalid', 'ProbeRequestPathMissing', `The probe ${probes[i]!.name} asks by ${one.protocol} and has no path.`, {
        target: `properties.probes[${i}].properties.requestPath`,
        remedy: 'Give requestPath, such as /health, or make it a Tcp probe.',
      });
  const networks = new Set(frontends.map((one) => keyOf(networkOfSubnet(one.properties.subnet.id))));
  if (networks.size > 1)
    throw fault('invalid', 'SubnetsNotInSameVnet', 'The frontends are in subnets of different virtual networks.', {
      target: 'properties.frontendIPConfigurations',
      remedy: 'Take subnets of one virtual network; make another load balancer for the other.',
    });
  checkTag(
    tags,
    probes.map(({ name }) => name),
  );
  await checkRuleParts(properties, context);
  checkConflicts(rules);
}

function checkTag(tags: Readonly<Record<string, string>>, names: readonly string[]): void {
  const known = new Set(names.map(keyOf));
  for (const name of probeProtocols(tags).keys()) if (!known.has(name)) throw badTag(`there is no probe '${name}'`);
}

/** Which probes speak a database's protocol, by name in lower case. Fault (invalid): `InvalidProbeProtocol`. */
export function probeProtocols(tags: Readonly<Record<string, string>>): ReadonlyMap<string, ProbeProtocol> {
  const tag = Object.keys(tags).find((one) => keyOf(one) === protocolTag);
  const found = new Map<string, ProbeProtocol>();
  if (tag === undefined) return found;
  for (const part of tags[tag]!.split(/[;,]/)) {
    if (part.trim() === '') continue;
    const [, name, protocol] = /^\s*([\w.-]+)\s*=\s*(\w+)\s*$/.exec(part) ?? [];
    if (name === undefined || protocol === undefined || !protocols.includes(protocol))
      throw badTag(`'${part.trim().slice(0, 100)}' does not fit`);
    found.set(keyOf(name), protocol as ProbeProtocol);
  }
  return found;
}

function badTag(why: string): Fault {
  return fault('invalid', 'InvalidProbeProtocol', `The tag ${protocolTag} cannot be used: ${why}.`, {
    target: `tags.${protocolTag}`,
    remedy: `Write it like {probe}=postgresql, with ${protocols.join(', ')} and names of probes of this load balancer.`,
  });
}

/** What rules name is in the same load balancer. */
async function checkRuleParts(
  { frontendIPConfigurations, probes, loadBalancingRules }: LoadBalancerProperties,
  context: CheckContext<LoadBalancerProperties>,
): Promise<void> {
  const pools = await context.resources.list({ within: context.id.text, direct: true, type: backendPoolType });
  const named = {
    frontendIPConfigurations: frontendIPConfigurations.map(({ name }) => name),
    probes: probes.map(({ name }) => name),
    backendAddressPools: pools.filter(({ deleting }) => !deleting).map(({ name }) => name),
  };
  for (const [i, { name, properties: one }] of loadBalancingRules.entries()) {
    const check = (word: keyof typeof named, reference: IdReference | undefined, member: string): void => {
      if (reference === undefined) return;
      const found = named[word].some((part) => keyOf(reference.id) === keyOf(`${context.id.text}/${word}/${part}`));
      if (found) return;
      throw fault('invalid', 'InvalidResourceReference', `Resource ${reference.id} referenced by the rule ${name} was not found.`, {
        target: `${rulesAt}[${i}].properties.${member}.id`,
        remedy: `Name a part of this load balancer: ${context.id.text}/${word}/{name}.`,
      });
    };
    check('frontendIPConfigurations', one.frontendIPConfiguration, 'frontendIPConfiguration');
    check('probes', one.probe, 'probe');
    for (const pool of one.backendAddressPools) check('backendAddressPools', pool, 'backendAddressPool');
    checkPorts(loadBalancingRules[i]!, `${rulesAt}[${i}].properties`);
  }
}

function checkPorts({ name, properties: { protocol, frontendPort, backendPort } }: RulePart, target: string): void {
  const any = protocol === 'All';
  if (any && frontendPort === 0 && backendPort === 0) return;
  if (!any && frontendPort !== 0 && backendPort !== 0) return;
  throw fault('invalid', 'LoadBalancingRulePortsInvalid', `The ports of the rule ${name} do not fit its protocol ${protocol}.`, {
    target: `${target}.frontendPort`,
    remedy: any
      ? 'A rule for all protocols (HA ports) has frontendPort 0 and backendPort 0.'
      : 'Give ports from 1 on, or take the protocol All for all ports.',
  });
}

/** Azure refuses rules between which a packet could not decide. */
function checkConflicts(rules: Rules): void {
  for (const [i, one] of rules.entries()) {
    for (const other of rules.slice(0, i)) {
      if (!sameProtocol(one, other)) continue;
      const target = `${rulesAt}[${i}]`;
      const [a, b] = [one.properties, other.properties];
      if (keyOf(a.frontendIPConfiguration.id) === keyOf(b.frontendIPConfiguration.id) && samePort(a.frontendPort, b.frontendPort))
        throw fault(
          'invalid',
          'RulesUseSameFrontendPortProtocolAndIPConfig',
          `The load balancing rules ${other.name} and ${one.name} use the same frontend port ${a.frontendPort}, protocol and frontend.`,
          { target, remedy: 'Give one of them another frontend port or another frontend.' },
        );
      const shared = a.backendAddressPools.some((pool) => b.backendAddressPools.some((more) => keyOf(more.id) === keyOf(pool.id)));
      if (shared && samePort(a.backendPort, b.backendPort) && !(a.enableFloatingIP && b.enableFloatingIP))
        throw fault(
          'invalid',
          'RulesUseSameBackendPortProtocolAndPool',
          `The load balancing rules ${other.name} and ${one.name} use the same backend port ${a.backendPort}, protocol and pool, with floating IP off.`,
          { target, remedy: 'Give one of them another backend port or another pool, such as 1434 for a second database.' },
        );
    }
  }
}

function sameProtocol({ properties: a }: RulePart, { properties: b }: RulePart): boolean {
  return a.protocol === b.protocol || a.protocol === 'All' || b.protocol === 'All';
}

/** 0 is any port. */
function samePort(a: number, b: number): boolean {
  return a === b || a === 0 || b === 0;
}
