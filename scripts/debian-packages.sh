#!/usr/bin/env bash
# Installs the programs from Debian's packages that `npm run test:all` uses: PostgreSQL 15 and its client programs, the Azure CLI, HAProxy,
# what makes the sandbox around workers, MariaDB, clients of SQL Server (FreeTDS, ODBC, Python, JDBC, tds_fdw) and Chromium.
set -euo pipefail

# What each package is needed for.
packages=(
  postgresql-15        # a second build of the server; pgbench
  postgresql-client-15 # psql, pg_recvlogical
  azure-cli            # az: drives the control plane unmodified
  haproxy              # parses our PROXY headers; what relays are measured against
  bubblewrap           # the sandbox around workers
  iproute2             # ip: addresses in a worker's network
  util-linux           # unshare, nsenter, prlimit, setpriv: the same
  nftables             # nft: counts packets in a worker's network
  conntrack            # the kernel engine: lists and ends connections
  tcpdump              # captures what passes its links, in the chaos test
  mariadb-server       # what MySQL logins are tested with
  freetds-bin          # tsql, bsqldb, freebcp: foreign clients of our TDS; as are those that follow
  tdsodbc unixodbc python3-pyodbc   # ODBC
  python3-pymssql      # DB-Library, from Python
  postgresql-15-tds-fdw             # PostgreSQL reading a pool as a foreign table
  libjtds-java openjdk-17-jdk-headless # JDBC
  chromium             # the browser in which the Studio is tested
  fonts-dejavu-core    # what it writes with
)
programs=(/usr/lib/postgresql/15/bin/{postgres,pgbench,psql,pg_recvlogical} /usr/bin/az /usr/sbin/haproxy
  /usr/bin/{bwrap,unshare,nsenter,prlimit,setpriv} /bin/ip /usr/sbin/mariadbd /usr/bin/{mariadb,mariadb-install-db,tsql,bsqldb,freebcp,isql,java,javac} /usr/sbin/{nft,conntrack} /usr/bin/tcpdump
  /usr/bin/chromium)
libraries=(/usr/lib/postgresql/15/lib/tds_fdw.so /usr/share/java/jtds.jar /usr/lib/python3/dist-packages/{pyodbc*.so,pymssql})

missing=()
for program in "${programs[@]}"; do [ -x "$program" ] || missing+=("$program"); done
for library in "${libraries[@]}"; do compgen -G "$library" >/dev/null || missing+=("$library"); done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "error NoTestTools: missing ${missing[*]}, and this system has no apt-get." >&2
  echo "remedy: Install PostgreSQL 15 with pgbench, psql and pg_recvlogical below /usr/lib/postgresql/15, az 2.45 as /usr/bin/az, HAProxy 2.6 as /usr/sbin/haproxy, MariaDB 10.11 as /usr/sbin/mariadbd with its client, FreeTDS's programs, its ODBC driver with unixODBC, pyodbc, pymssql, jTDS with a JDK, tds_fdw, Chromium as /usr/bin/chromium, and bubblewrap, iproute2, nftables, conntrack, tcpdump and util-linux; or run the everyday tests: npm test" >&2
  exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "error NoTestTools: missing ${missing[*]}." >&2
  echo "remedy: sudo $0, or: sudo apt-get install ${packages[*]}" >&2
  exit 3
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Without this Debian makes and starts a server of its own on port 5432.
apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
mkdir -p /etc/postgresql-common
touch /etc/postgresql-common/createcluster.conf
sed -i -E '/^#? ?create_main_cluster/d' /etc/postgresql-common/createcluster.conf
echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
