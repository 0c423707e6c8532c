/** What the two dialects say differently. */
export interface Dialect {
  date(text: string): string;
  /** A day, and so many months or days later. */
  later(text: string, count: number, unit: 'month' | 'day'): string;
  year(of: string): string;
  substring(of: string, from: number, length: number): string;
  top(count: number): string;
  limit(count: number): string;
}

export const tsql: Dialect = {
  date: (text) => `'${text}'`,
  later: (text, count, unit) => `DATEADD(${unit}, ${count}, CAST('${text}' AS date))`,
  year: (of) => `YEAR(${of})`,
  substring: (of, from, length) => `SUBSTRING(${of}, ${from}, ${length})`,
  top: (count) => `TOP ${count}`,
  limit: () => '',
};

export const duckDb: Dialect = {
  date: (text) => `DATE '${text}'`,
  later: (text, count, unit) => `CAST(DATE '${text}' + INTERVAL (${count}) ${unit} AS DATE)`,
  year: (of) => `extract(year FROM ${of})`,
  substring: (of, from, length) => `substring(${of} FROM ${from} FOR ${length})`,
  top: () => '',
  limit: (count) => `LIMIT ${count}`,
};

const revenue = 'SUM(l_extendedprice * (1 - l_discount))';

/** The 22 queries of TPC-H, some of their constants made to fit small data. */
export const tpchQueries: readonly ((d: Dialect) => string)[] = [
  (
    d,
  ) => `SELECT l_returnflag, l_linestatus, SUM(l_quantity) AS sum_qty, SUM(l_extendedprice) AS sum_base_price, ${revenue} AS sum_disc_price,
      SUM(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge, AVG(l_quantity) AS avg_qty, AVG(l_extendedprice) AS avg_price,
      AVG(l_discount) AS avg_disc, COUNT(*) AS count_order
    FROM lineitem WHERE l_shipdate <= ${d.later('1998-12-01', -90, 'day')}
    GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`,
  (d) => `SELECT ${d.top(100)} s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
    FROM part, supplier, partsupp, nation, region
    WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND p_size < 8 AND p_type LIKE '%BRASS' AND s_nationkey = n_nationkey
      AND n_regionkey = r_regionkey AND r_name = 'EUROPE'
      AND ps_supplycost = (SELECT MIN(ps_supplycost) FROM partsupp, supplier, nation, region
        WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE')
    ORDER BY s_acctbal DESC, n_name, s_name, p_partkey ${d.limit(100)}`,
  (d) => `SELECT ${d.top(10)} l_orderkey, ${revenue} AS revenue, o_orderdate, o_shippriority
    FROM customer, orders, lineitem
    WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate < ${d.date('1995-03-15')}
      AND l_shipdate > ${d.date('1995-01-15')}
    GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate ${d.limit(10)}`,
  (d) => `SELECT o_orderpriority, COUNT(*) AS order_count FROM orders
    WHERE o_orderdate >= ${d.date('1993-07-01')} AND o_orderdate < ${d.later('1993-07-01', 3, 'month')}
      AND EXISTS (SELECT * FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate)
    GROUP BY o_orderpriority ORDER BY o_orderpriority`,
  (d) => `SELECT n_name, ${revenue} AS revenue FROM customer, orders, lineitem, supplier, nation, region
    WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey
      AND r_name IN ('ASIA', 'EUROPE') AND o_orderdate >= ${d.date('1994-01-01')} AND o_orderdate < ${d.later('1994-01-01', 12, 'month')}
    GROUP BY n_name ORDER BY revenue DESC`,
  (d) => `SELECT SUM(l_extendedprice * l_discount) AS revenue FROM lineitem
    WHERE l_shipdate >= ${d.date('1994-01-01')} AND l_shipdate < ${d.later('1994-01-01', 12, 'month')} AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01
      AND l_quantity < 24`,
  (d) => `SELECT supp_nation, cust_nation, l_year, SUM(volume) AS revenue
    FROM (SELECT n1.n_name AS supp_nation, n2.n_name AS cust_nation, ${d.year('l_shipdate')} AS l_year, l_extendedprice * (1 - l_discount) AS volume
      FROM supplier, lineitem, orders, customer, nation n1, nation n2
      WHERE s_suppkey = l_suppkey AND o_orderkey = l_orderkey AND c_custkey = o_custkey AND s_nationkey = n1.n_nationkey AND c_nationkey = n2.n_nationkey
        AND ((n1.n_regionkey = 3 AND n2.n_name = 'GERMANY') OR (n1.n_name = 'GERMANY' AND n2.n_regionkey = 3))
        AND l_shipdate BETWEEN ${d.date('1995-01-01')} AND ${d.date('1996-12-31')}) shipping
    GROUP BY supp_nation, cust_nation, l_year ORDER BY supp_nation, cust_nation, l_year`,
  (d) => `SELECT o_year, SUM(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / SUM(volume) AS mkt_share
    FROM (SELECT ${d.year('o_orderdate')} AS o_year, l_extendedprice * (1 - l_discount) AS volume, n2.n_name AS nation
      FROM part, supplier, lineitem, orders, customer, nation n1, nation n2, region
      WHERE p_partkey = l_partkey AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey AND o_custkey = c_custkey AND c_nationkey = n1.n_nationkey
        AND n1.n_regionkey = r_regionkey AND r_name = 'AMERICA' AND s_nationkey = n2.n_nationkey
        AND o_orderdate BETWEEN ${d.date('1995-01-01')} AND ${d.date('1996-12-31')} AND p_type LIKE '%STEEL') all_nations
    GROUP BY o_year ORDER BY o_year`,
  (d) => `SELECT nation, o_year, SUM(amount) AS sum_profit
    FROM (SELECT n_name AS nation, ${d.year('o_orderdate')} AS o_year, l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity AS amount
      FROM part, supplier, lineitem, partsupp, orders, nation
      WHERE s_suppkey = l_suppkey AND ps_suppkey = l_suppkey AND ps_partkey = l_partkey AND p_partkey = l_partkey AND o_orderkey = l_orderkey
        AND s_nationkey = n_nationkey AND p_name LIKE '%green%') profit
    GROUP BY nation, o_year ORDER BY nation, o_year DESC`,
  (d) => `SELECT ${d.top(20)} c_custkey, c_name, ${revenue} AS revenue, c_acctbal, n_name, c_address, c_phone, c_comment
    FROM customer, orders, lineitem, nation
    WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate >= ${d.date('1993-10-01')}
      AND o_orderdate < ${d.later('1993-10-01', 3, 'month')} AND l_returnflag = 'R' AND c_nationkey = n_nationkey
    GROUP BY c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment ORDER BY revenue DESC ${d.limit(20)}`,
  () => `SELECT ps_partkey, SUM(ps_supplycost * ps_availqty) AS value FROM partsupp, supplier, nation
    WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_regionkey = 3 GROUP BY ps_partkey
    HAVING SUM(ps_supplycost * ps_availqty) > (SELECT SUM(ps_supplycost * ps_availqty) * 0.005 FROM partsupp, supplier, nation
      WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_regionkey = 3)
    ORDER BY value DESC, ps_partkey`,
  (d) => `SELECT l_shipmode, SUM(CASE WHEN o_orderpriority = '1-URGENT' OR o_orderpriority = '2-HIGH' THEN 1 ELSE 0 END) AS high_line_count,
      SUM(CASE WHEN o_orderpriority <> '1-URGENT' AND o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END) AS low_line_count
    FROM orders, lineitem
    WHERE o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate
      AND l_receiptdate >= ${d.date('1994-01-01')} AND l_receiptdate < ${d.later('1994-01-01', 12, 'month')}
    GROUP BY l_shipmode ORDER BY l_shipmode`,
  () => `SELECT c_count, COUNT(*) AS custdist
    FROM (SELECT c_custkey, COUNT(o_orderkey) AS c_count FROM customer LEFT OUTER JOIN orders
      ON c_custkey = o_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey) c_orders
    GROUP BY c_count ORDER BY custdist DESC, c_count DESC`,
  (
    d,
  ) => `SELECT 100.00 * SUM(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END) / ${revenue} AS promo_revenue
    FROM lineitem, part WHERE l_partkey = p_partkey AND l_shipdate >= ${d.date('1995-09-01')} AND l_shipdate < ${d.later('1995-09-01', 1, 'month')}`,
  (d) => `WITH revenue (supplier_no, total_revenue) AS (SELECT l_suppkey, ${revenue} FROM lineitem
      WHERE l_shipdate >= ${d.date('1996-01-01')} AND l_shipdate < ${d.later('1996-01-01', 3, 'month')} GROUP BY l_suppkey)
    SELECT s_suppkey, s_name, s_address, s_phone, total_revenue FROM supplier, revenue
    WHERE s_suppkey = supplier_no AND total_revenue = (SELECT MAX(total_revenue) FROM revenue) ORDER BY s_suppkey`,
  () => `SELECT p_brand, p_type, p_size, COUNT(DISTINCT ps_suppkey) AS supplier_cnt FROM partsupp, part
    WHERE p_partkey = ps_partkey AND p_brand <> 'Brand#11' AND p_type NOT LIKE 'MEDIUM POLISHED%' AND p_size IN (1, 3, 5, 7, 9, 11, 13, 15)
      AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%')
    GROUP BY p_brand, p_type, p_size ORDER BY supplier_cnt DESC, p_brand, p_type, p_size`,
  () => `SELECT SUM(l_extendedprice) / 7.0 AS avg_yearly FROM lineitem, part
    WHERE p_partkey = l_partkey AND p_brand = 'Brand#23' AND l_quantity < (SELECT 0.5 * AVG(l_quantity) FROM lineitem WHERE l_partkey = p_partkey)`,
  (d) => `SELECT ${d.top(100)} c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, SUM(l_quantity)
    FROM customer, orders, lineitem
    WHERE o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING SUM(l_quantity) > 220) AND c_custkey = o_custkey
      AND o_orderkey = l_orderkey
    GROUP BY c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice ORDER BY o_totalprice DESC, o_orderdate ${d.limit(100)}`,
  () => `SELECT ${revenue} AS revenue FROM lineitem, part
    WHERE (p_partkey = l_partkey AND p_brand = 'Brand#12' AND p_container LIKE 'SM %' AND l_quantity >= 1 AND l_quantity <= 30 AND p_size BETWEEN 1 AND 12)
      OR (p_partkey = l_partkey AND p_brand = 'Brand#23' AND p_container LIKE 'MED %' AND l_quantity BETWEEN 10 AND 40 AND l_shipmode IN ('AIR', 'REG AIR'))
      OR (p_partkey = l_partkey AND p_brand = 'Brand#33' AND l_shipinstruct = 'DELIVER IN PERSON')`,
  (d) => `SELECT s_name, s_address FROM supplier, nation
    WHERE s_suppkey IN (SELECT ps_suppkey FROM partsupp WHERE ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE 'forest%')
        AND ps_availqty > (SELECT 0.5 * SUM(l_quantity) FROM lineitem WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey
          AND l_shipdate >= ${d.date('1994-01-01')} AND l_shipdate < ${d.later('1994-01-01', 12, 'month')}))
      AND s_nationkey = n_nationkey AND n_regionkey IN (1, 3) ORDER BY s_name`,
  (d) => `SELECT ${d.top(100)} s_name, COUNT(*) AS numwait FROM supplier, lineitem l1, orders, nation
    WHERE s_suppkey = l1.l_suppkey AND o_orderkey = l1.l_orderkey AND o_orderstatus = 'F' AND l1.l_receiptdate > l1.l_commitdate
      AND EXISTS (SELECT * FROM lineitem l2 WHERE l2.l_orderkey = l1.l_orderkey AND l2.l_suppkey <> l1.l_suppkey)
      AND NOT EXISTS (SELECT * FROM lineitem l3 WHERE l3.l_orderkey = l1.l_orderkey AND l3.l_suppkey <> l1.l_suppkey AND l3.l_receiptdate > l3.l_commitdate)
      AND s_nationkey = n_nationkey AND n_regionkey IN (0, 1, 2)
    GROUP BY s_name ORDER BY numwait DESC, s_name ${d.limit(100)}`,
  (d) => `SELECT cntrycode, COUNT(*) AS numcust, SUM(c_acctbal) AS totacctbal
    FROM (SELECT ${d.substring('c_phone', 1, 2)} AS cntrycode, c_acctbal FROM customer
      WHERE ${d.substring('c_phone', 1, 2)} IN ('13', '31', '23', '29', '30', '18', '17')
        AND c_acctbal > (SELECT AVG(c_acctbal) FROM customer WHERE c_acctbal > 0.00 AND ${d.substring('c_phone', 1, 2)} IN ('13', '31', '23', '29', '30', '18', '17'))
        AND NOT EXISTS (SELECT * FROM orders WHERE o_custkey = c_custkey)) custsale
    GROUP BY cntrycode ORDER BY cntrycode`,
];
