#!/bin/sh
# Copies the primary at the first start, and follows it from then on.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  pg_basebackup --host postgres --username replica --pgdata "$PGDATA" --wal-method stream --write-recovery-conf --slot replica
fi
exec postgres -c hot_standby_feedback=on
