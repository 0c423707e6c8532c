import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { parsePlace, segmentsOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { isList, isObject } from '#studio/parts/schema/json-schema.ts';
import { memberLabel } from '#studio/parts/schema/member-label.ts';

const useStyles = makeStyles({
  list: {
    display: 'grid',
    gridTemplateColumns: 'fit-content(220px) minmax(0, 1fr)',
    columnGap: tokens.spacingHorizontalXL,
    rowGap: tokens.spacingVerticalXS,
    margin: 0,
  },
  name: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  value: { margin: 0, overflowWrap: 'anywhere', minWidth: 0 },
  items: { margin: 0, padding: 0, listStyleType: 'none', display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  item: { borderLeft: `2px solid ${tokens.colorNeutralStroke2}`, paddingLeft: tokens.spacingHorizontalM },
  quiet: { color: tokens.colorNeutralForeground3 },
});

const mostItems = 50;
const maxDepth = 8;

/** Members and what is in them; ids lead to what they name. */
export function PropertyTree({ value, depth = 0 }: { readonly value: JsonObject; readonly depth?: number }): ReactElement {
  const styles = useStyles();
  return (
    <dl className={styles.list}>
      {Object.entries(value).flatMap(([name, member]) => [
        <dt key={name} className={styles.name}>
          {memberLabel(name)}
        </dt>,
        <dd key={`${name}=`} className={styles.value}>
          <Value value={member} depth={depth} />
        </dd>,
      ])}
    </dl>
  );
}

function Value({ value, depth }: { readonly value: Json; readonly depth: number }): ReactElement {
  const styles = useStyles();
  if (depth >= maxDepth) return <Text>{JSON.stringify(value)}</Text>;
  if (isList(value)) return <Items items={value} depth={depth} />;
  if (isObject(value)) {
    const only = Object.keys(value);
    if (only.length === 0) return <Text className={styles.quiet}>nothing</Text>;
    if (only.length === 1 && only[0] === 'id') return <Value value={value['id']!} depth={depth} />;
    return <Inner value={value} depth={depth} />;
  }
  if (value === null || value === '') return <Text className={styles.quiet}>nothing</Text>;
  if (typeof value === 'boolean') return <Text>{value ? 'yes' : 'no'}</Text>;
  const text = String(value);
  return isResource(text) ? <AppLink to={resourceAddress(text)}>{text}</AppLink> : <Text>{text}</Text>;
}

/** What has an id of its own is named by a link to it; what ARM wraps into `properties` belongs to it. */
function Inner({ value, depth }: { readonly value: JsonObject; readonly depth: number }): ReactElement {
  const styles = useStyles();
  const { id, name, properties } = value;
  const address = typeof id === 'string' && isResource(id) ? id : undefined;
  const own = Object.entries(value).filter(([member]) => address === undefined || !ofResources.has(member));
  const rest = Object.fromEntries(own.filter(([member]) => member !== 'properties' || !isObject(properties)));
  return (
    <div className={styles.item}>
      {address !== undefined && <AppLink to={resourceAddress(address)}>{typeof name === 'string' ? name : address}</AppLink>}
      <PropertyTree value={{ ...rest, ...(isObject(properties) && properties) }} depth={depth + 1} />
    </div>
  );
}

const ofResources = new Set(['id', 'name', 'type', 'etag', 'systemData']);

function Items({ items, depth }: { readonly items: readonly Json[]; readonly depth: number }): ReactElement {
  const styles = useStyles();
  if (items.length === 0) return <Text className={styles.quiet}>none</Text>;
  if (items.every((one) => typeof one !== 'object' && !isResource(String(one)))) return <Text>{items.map(String).join(', ')}</Text>;
  return (
    <ul className={styles.items}>
      {items.slice(0, mostItems).map((item, i) => (
        <li key={keyIn(item) ?? i}>
          <Value value={item} depth={depth + 1} />
        </li>
      ))}
      {items.length > mostItems && <li className={styles.quiet}>and {items.length - mostItems} more: see JSON</li>}
    </ul>
  );
}

function keyIn(item: Json): string | undefined {
  const id = isObject(item) ? (item['id'] ?? item['name']) : undefined;
  return typeof id === 'string' ? id : undefined;
}

function isResource(text: string): boolean {
  return /^\/(?:subscriptions|providers)\//i.test(text) && parsePlace(segmentsOf(text))?.kind === 'resource';
}
