import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { hubScript, toldBy } from './hub-child.contract.ts';

/** All of this host that a hub could leave something in, and what it says of itself: addresses, routes, routing rules, filters, settings. */
const state = `{ ip -j link; ip -j address; ip -j -4 route show table all; ip -j rule; nft list ruleset; ls /run/netns 2>/dev/null | grep LABEL
  grep -r '' /proc/sys/net 2>/dev/null | grep -vE 'nf_conntrack_count|random' | sort; } 2>&1`;

test('killed again and again while it opens, a hub opens, has its rules, and goes without a trace', { timeout: 180_000 }, async () => {
  const label = randomBytes(4).toString('hex');
  // From its first step to behind its last.
  const delays = Array.from({ length: 30 }, () => (Math.random() * 0.25).toFixed(3));
  const look = state.replaceAll('LABEL', label);
  const { out } = await hubScript(
    `D=$(mktemp -d); trap 'rm -rf "$D"' EXIT; ${look} > "$D/before"
for late in ${delays.join(' ')}; do
  : > "$D/said"
  "$NODE" --input-type=module -e "$PROGRAM" open ${label} > "$D/said" & child=$!
  until grep -q begun "$D/said"; do sleep 0.005; done
  sleep "$late"; kill -9 "$child" 2>/dev/null; wait "$child" 2>/dev/null
  grep -q range "$D/said" || amid=$((amid + 1))
done
hub open ${label}
echo "chains: $(ip netns exec isthmus-${label} nft list table inet isthmus | grep -c 'policy drop')"
hub remove ${label}
${look} > "$D/after"
echo "amid: $amid"
echo "left: $(diff "$D/before" "$D/after" && echo nothing)"`,
    ['/usr/bin/unshare', '-nm'],
  );
  const told = out.split('\n').filter((line) => line.startsWith('{'));
  expect(toldBy(told[0] ?? '')).toMatchObject({ range: expect.stringMatching(/^198\.1[89]/) });
  expect(toldBy(told[1] ?? '')).toEqual({ removed: true });
  expect(out, `after ${delays.join(', ')}`).toContain('left: nothing');
  expect(out).toContain('chains: 2');
  expect(Number(/amid: (\d+)/.exec(out)?.[1])).toBeGreaterThan(2);
});
