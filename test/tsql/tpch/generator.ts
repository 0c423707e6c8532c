/** Tables of TPC-H, small and made of a seed: not its official data, but of its shape. Rows are texts of SQL literals that both dialects read. */
export interface GeneratedTable {
  readonly name: string;
  readonly columns: string;
  readonly rows: readonly string[];
}

type Random = (below: number) => number;

/** Whole numbers from 0 up to below what is asked, by a seed. */
function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const regions = ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'];
const nations =
  'ALGERIA:0 ARGENTINA:1 BRAZIL:1 CANADA:1 EGYPT:4 ETHIOPIA:0 FRANCE:3 GERMANY:3 INDIA:2 INDONESIA:2 IRAN:4 IRAQ:4 JAPAN:2 JORDAN:4 KENYA:0 MOROCCO:0 MOZAMBIQUE:0 PERU:1 CHINA:2 ROMANIA:3 SAUDI ARABIA:4 VIETNAM:2 RUSSIA:3 UNITED KINGDOM:3 UNITED STATES:1'.match(
    /[A-Z ]+:\d/g,
  ) as readonly string[];
const segments = ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'];
const priorities = ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'];
const modes = ['AIR', 'FOB', 'MAIL', 'RAIL', 'REG AIR', 'SHIP', 'TRUCK'];
const instructions = ['COLLECT COD', 'DELIVER IN PERSON', 'NONE', 'TAKE BACK RETURN'];
const colours = ['almond', 'azure', 'forest', 'green', 'ivory', 'red'];
const materials = ['BRASS', 'COPPER', 'NICKEL', 'STEEL', 'TIN'];
const finishes = ['ANODIZED', 'BRUSHED', 'BURNISHED', 'PLATED', 'POLISHED'];
const kinds = ['ECONOMY', 'LARGE', 'MEDIUM', 'PROMO', 'SMALL', 'STANDARD'];
const vessels = ['BAG', 'BOX', 'CASE', 'JAR', 'PACK'];
const sizes = ['JUMBO', 'LG', 'MED', 'SM', 'WRAP'];

const text = (value: string): string => `'${value}'`;
const one = (of: readonly string[], random: Random): string => of[random(of.length)] as string;
const cents = (value: number): string =>
  `${value < 0 ? '-' : ''}${Math.floor(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, '0')}`;

/** A day of 1992 and after, by its number. */
function day(number: number): string {
  return text(new Date(Date.UTC(1992, 0, 1 + number)).toISOString().slice(0, 10));
}

function places(): GeneratedTable[] {
  return [
    {
      name: 'region',
      columns: 'r_regionkey int, r_name char(25), r_comment varchar(152)',
      rows: regions.map((name, key) => `${key}, ${text(name)}, ''`),
    },
    {
      name: 'nation',
      columns: 'n_nationkey int, n_name char(25), n_regionkey int, n_comment varchar(152)',
      rows: nations.map((nation, key) => `${key}, ${text(nation.split(':')[0]!.trim())}, ${nation.split(':')[1]}, ''`),
    },
  ];
}

function phone(nation: number, random: Random): string {
  return text(`${nation + 10}-${100 + random(900)}-${100 + random(900)}-${1000 + random(9000)}`);
}

function parties(random: Random): GeneratedTable[] {
  const suppliers = Array.from({ length: 25 }, (_, index) => {
    const nation = random(25);
    const comment = random(8) === 0 ? 'the Customer has many Complaints' : 'regular';
    return `${index + 1}, 'Supplier#${index + 1}', 'street ${random(100)}', ${nation}, ${phone(nation, random)}, ${cents(random(1_000_000) - 100_000)}, ${text(comment)}`;
  });
  const customers = Array.from({ length: 150 }, (_, index) => {
    const nation = random(25);
    return `${index + 1}, 'Customer#${index + 1}', 'road ${random(100)}', ${nation}, ${phone(nation, random)}, ${cents(random(1_000_000) - 100_000)}, ${text(one(segments, random))}, 'fine'`;
  });
  return [
    {
      name: 'supplier',
      columns:
        's_suppkey int, s_name char(25), s_address varchar(40), s_nationkey int, s_phone char(15), s_acctbal decimal(15,2), s_comment varchar(101)',
      rows: suppliers,
    },
    {
      name: 'customer',
      columns:
        'c_custkey int, c_name varchar(25), c_address varchar(40), c_nationkey int, c_phone char(15), c_acctbal decimal(15,2), c_mktsegment char(10), c_comment varchar(117)',
      rows: customers,
    },
  ];
}

function parts(random: Random): GeneratedTable[] {
  const rows = Array.from({ length: 120 }, (_, index) => {
    const name = `${one(colours, random)} ${one(colours, random)}`;
    const brand = `Brand#${1 + random(3)}${1 + random(3)}`;
    const type = `${one(kinds, random)} ${one(finishes, random)} ${one(materials, random)}`;
    return `${index + 1}, ${text(name)}, 'Manufacturer#1', ${text(brand)}, ${text(type)}, ${1 + random(15)}, ${text(`${one(sizes, random)} ${one(vessels, random)}`)}, ${cents(90_000 + random(20_000))}, ''`;
  });
  const supplies = Array.from({ length: 480 }, (_, index) => {
    const part = 1 + Math.floor(index / 4);
    return `${part}, ${1 + ((part * 7 + (index % 4) * 6) % 25)}, ${1 + random(9999)}, ${cents(100 + random(100_000))}, ''`;
  });
  return [
    {
      name: 'part',
      columns:
        'p_partkey int, p_name varchar(55), p_mfgr char(25), p_brand char(10), p_type varchar(25), p_size int, p_container char(10), p_retailprice decimal(15,2), p_comment varchar(23)',
      rows,
    },
    {
      name: 'partsupp',
      columns: 'ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost decimal(15,2), ps_comment varchar(199)',
      rows: supplies,
    },
  ];
}

function line(order: number, number: number, ordered: number, random: Random): string {
  const part = 1 + random(120);
  const supplier = 1 + ((part * 7 + random(4) * 6) % 25);
  const quantity = 1 + random(50);
  const shipped = ordered + 1 + random(120);
  const committed = ordered + 30 + random(60);
  const received = shipped + 1 + random(30);
  const isOld = received < 1263;
  const flag = isOld ? one(['A', 'R'], random) : 'N';
  const instruction = text(one(instructions, random));
  return `${order}, ${part}, ${supplier}, ${number}, ${quantity}.00, ${cents(quantity * (90_000 + random(20_000)))}, 0.0${random(10)}, 0.0${random(8)}, '${flag}', '${shipped < 1263 ? 'F' : 'O'}', ${day(shipped)}, ${day(committed)}, ${day(received)}, ${instruction}, ${text(one(modes, random))}, ''`;
}

function orders(random: Random): GeneratedTable[] {
  const rows: string[] = [];
  const lines: string[] = [];
  for (let order = 1; order <= 700; order += 1) {
    const ordered = random(2400);
    // A third of the customers orders nothing.
    const customer = 1 + random(50) * 3 + random(2);
    const status = one(['F', 'O', 'P'], random);
    const comment = random(10) === 0 ? 'special things, requests' : 'usual';
    rows.push(
      `${order}, ${customer}, '${status}', ${cents(100_000 + random(40_000_000))}, ${day(ordered)}, ${text(one(priorities, random))}, 'Clerk#${random(9)}', 0, ${text(comment)}`,
    );
    const count = 1 + random(7);
    for (let number = 1; number <= count; number += 1) lines.push(line(order, number, ordered, random));
  }
  return [
    {
      name: 'orders',
      columns:
        'o_orderkey int, o_custkey int, o_orderstatus char(1), o_totalprice decimal(15,2), o_orderdate date, o_orderpriority char(15), o_clerk char(15), o_shippriority int, o_comment varchar(79)',
      rows,
    },
    {
      name: 'lineitem',
      columns:
        'l_orderkey int, l_partkey int, l_suppkey int, l_linenumber int, l_quantity decimal(15,2), l_extendedprice decimal(15,2), l_discount decimal(15,2), l_tax decimal(15,2), l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct char(25), l_shipmode char(10), l_comment varchar(44)',
      rows: lines,
    },
  ];
}

export function generateTpch(seed: number): readonly GeneratedTable[] {
  const random = randomOf(seed);
  return [...places(), ...parties(random), ...parts(random), ...orders(random)];
}
