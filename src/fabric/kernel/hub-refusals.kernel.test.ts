import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { hubScript, toldBy, type HubTold } from './hub-child.contract.ts';

/** All of a network, and the places where namespaces are, that a hub could leave something in. */
const state =
  '{ ip -j link; ip -j address; ip -j -4 route show table all; ip -j rule; ls /run/netns 2>/dev/null | grep LABEL; ls /tmp | grep LABEL; } 2>&1';
const nobody = ['/usr/bin/setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const own = ['/usr/bin/unshare', '-nm'];
const rootless = [...nobody, '/usr/bin/unshare', '-Urnm'];

/** Opens a hub where it is refused: what it says, once it is seen that nothing is left behind. */
async function refused(before: readonly string[], prepare: string): Promise<HubTold> {
  const label = randomBytes(4).toString('hex');
  const look = state.replaceAll('LABEL', label);
  const script = `${prepare}\n${look} > "$D/before"\nhub open ${label}\n${look} > "$D/after"\necho "left: $(cmp "$D/before" "$D/after" && echo nothing)"`;
  const { out } = await hubScript(`D=$(mktemp -d); trap 'rm -rf "$D"' EXIT; ${script.replaceAll('LABEL', label)}`, before);
  expect(out).toContain('left: nothing');
  return toldBy(out);
}

/** A folder of the system's programs without one, or with another in its place. */
const instead = (name: string, script = '', folder = '/usr/sbin'): string => `
S=$(mktemp -d); mount -t tmpfs none "$S"; mkdir "$S/all" "$S/real"; mount --bind ${folder} "$S/real"
ln -s "$S"/real/* "$S/all/"; rm "$S/all/${name}"
${script === '' ? '' : `printf '#!/bin/sh\\n%s\\n' '${script}' > "$S/all/${name}"; chmod 755 "$S/all/${name}"`}
mount --bind "$S/all" ${folder}`;

test.for<[string, string]>([
  ['nft', 'nftables'],
  ['conntrack', 'conntrack'],
  ['ip', 'iproute2'],
])('without %s', async ([name, from]) => {
  const folder = name === 'ip' ? '/usr/bin' : '/usr/sbin';
  const hidden = instead(name, '', folder).concat(name === 'ip' ? `\nip() { "$S/real/ip" "$@"; }` : '');
  const target = expect.stringMatching(new RegExp(`/${name}$`));
  expect(await refused(own, hidden)).toMatchObject({
    kind: 'unsupported',
    code: 'KernelToolMissing',
    target,
    remedy: expect.stringContaining(from),
  });
});

test('a program that is there and fails is named, with what it says', async () => {
  const told = await refused(own, instead('nft', 'echo "nft: this is not the one you want" >&2; exit 1'));
  expect(told).toMatchObject({ kind: 'unsupported', code: 'KernelCommandFailed' });
  expect(told.message).toContain('nft: this is not the one you want');
});

test('a kernel that does not know a rule is told by its version, with that rule', async () => {
  const line = 'sed "s/reject with tcp reset/reject with icmpx 77/" | "$0.real" "$@"';
  const told = await refused(own, `${instead('nft', line)}\nln -s "$S/real/nft" "$S/all/nft.real"`);
  expect(told).toMatchObject({ kind: 'unsupported', code: 'KernelFeatureMissing' });
  expect(told.message).toMatch(/The kernel of this host \(\d.*\) cannot .*add rule inet isthmus c_.* reject with/);
});

test('an ordinary user of the host lacks two rights', async () => {
  // In a network that no other test changes meanwhile.
  const told = await refused(['/usr/bin/unshare', '-n', ...nobody], '');
  expect(told).toMatchObject({ kind: 'unsupported', code: 'NotAllowed', remedy: expect.stringContaining('unshare -Urnm') });
  expect(told.message).toContain('CAP_NET_ADMIN and CAP_SYS_ADMIN');
});

test('a user who has no mount namespace of its own', async () => {
  const told = await refused([...nobody, '/usr/bin/unshare', '-Urn'], '');
  expect(told).toMatchObject({
    code: 'NotAllowed',
    message: expect.stringContaining('mount'),
    remedy: expect.stringContaining('unshare -Urnm'),
  });
});

test('a host that makes no more namespaces', async () => {
  const told = await refused(rootless, 'echo 0 > /proc/sys/user/max_net_namespaces');
  expect(told).toMatchObject({ kind: 'unsupported', code: 'NoNamespaces', target: 'user.max_net_namespaces' });
});

test('a host whose routes lead into every range', async () => {
  const routes = 'ip link set lo up; ip route add 198.18.0.0/15 dev lo; ip route add blackhole 100.96.0.0/11';
  const told = await refused(own, routes);
  expect(told).toMatchObject({ kind: 'conflict', code: 'NoFreeRange' });
  expect(told.message).toContain('198.18.0.0/15');
  expect(told.message).toContain('100.96.0.0/11');
});

test.for(['198.18.0.0/16', '198.18.77.0/24', '198.18.4.4', '198.16.0.0/12'])('a route to %s is left alone', async (dst) => {
  const label = randomBytes(4).toString('hex');
  const { out } = await hubScript(
    `ip link set lo up; ip route add ${dst} dev lo table 77; hub open ${label}; hub remove ${label}; ip route show table 77`,
    own,
  );
  expect(out).toContain(dst === '198.16.0.0/12' ? '"range":"100.127"' : '"range":"198.19"');
  expect(out).toContain(`${dst} dev lo`);
});

test('an interface with our name that is not ours', async () => {
  const told = await refused(own, 'ip link add ist-LABEL type veth peer name other0');
  expect(told).toMatchObject({
    kind: 'conflict',
    code: 'LabelTaken',
    target: expect.stringMatching(/^ist-/),
    remedy: expect.stringContaining('ip link del'),
  });
});

test('a network namespace with our name that is not ours, and isthmus down leaves it alone too', async () => {
  const label = randomBytes(4).toString('hex');
  const script = `trap 'ip netns del isthmus-${label}' EXIT; ip netns add isthmus-${label}; ip -n isthmus-${label} link add eth0 type veth peer name eth1
hub open ${label}; hub remove ${label}; ip -n isthmus-${label} -o link show type veth | wc -l`;
  const { out } = await hubScript(script, own);
  expect(out.match(/"code":"LabelTaken"/g)).toHaveLength(2);
  expect(out.trim().split('\n').at(-1)).toBe('2');
});
