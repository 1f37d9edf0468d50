#!/bin/sh
# Fills in nginx.conf.template and starts nginx with it. `start.sh -t` only tests what comes out.
#
#   API_SERVERS        API processes, separated by spaces (default: 127.0.0.1:8000)
#   PORT               to listen on (default: 8080, which needs no root)
#   WEB_DIR            the built web app (default: /web); where it is not there, the API serves it
#   MAX_UPLOAD_MB      as the API has it (default: 50)
#   MAX_BATCH_FILES    as the API has it (default: 100)
#   RATE_PER_SECOND    requests of one address in the long run (default: 100); the API's own limit is by user
#   RATE_BURST         how many more may come at once (default: 200)
#   RUN_DIR            the one folder that is written to, also with bodies of uploads (default: /tmp/nginx)
#   NGINX_BIN          the program (default: nginx)
#   BROTLI_MODULE      file of the module for packed files, or "off" (default: where Debian puts it, if it is there)
set -eu

fail() {
  echo "start.sh: $1" >&2
  exit 2
}
whole() {
  case "$2" in
    '' | *[!0-9]* | 0*) fail "$1 must be a whole number above 0 (it is \"$2\")" ;;
  esac
}

API_SERVERS=${API_SERVERS:-127.0.0.1:8000}
PORT=${PORT:-8080}
WEB_DIR=${WEB_DIR:-/web}
MAX_UPLOAD_MB=${MAX_UPLOAD_MB:-50}
MAX_BATCH_FILES=${MAX_BATCH_FILES:-100}
RATE_PER_SECOND=${RATE_PER_SECOND:-100}
RATE_BURST=${RATE_BURST:-200}
RUN_DIR=${RUN_DIR:-/tmp/nginx}
BROTLI_MODULE=${BROTLI_MODULE:-/usr/lib/nginx/modules/ngx_http_brotli_static_module.so}

for name in PORT MAX_UPLOAD_MB MAX_BATCH_FILES RATE_PER_SECOND RATE_BURST; do
  eval "whole $name \"\$$name\""
done
case "$WEB_DIR$RUN_DIR$BROTLI_MODULE" in
  *[!A-Za-z0-9._/-]*) fail 'WEB_DIR, RUN_DIR and BROTLI_MODULE must be plain paths' ;;
esac

UPSTREAM_SERVERS=''
LAST_RESORT=''
for server in $API_SERVERS; do
  case "$server" in
    *[!A-Za-z0-9.:_-]* | *[!0-9] | [!A-Za-z0-9]*) fail "API_SERVERS must list host:port (it has \"$server\")" ;;
    *:*) ;;
    *) fail "API_SERVERS must list host:port (it has \"$server\")" ;;
  esac
  UPSTREAM_SERVERS="$UPSTREAM_SERVERS
    server $server max_fails=3 fail_timeout=5s;"
  # asked when none is left: a process that was too busy to take connections is still better than no answer
  LAST_RESORT="$LAST_RESORT
    server $server backup max_fails=0;"
done
[ -n "$UPSTREAM_SERVERS" ] || fail 'API_SERVERS must list at least one host:port'

# room for the form around each file
UPLOAD_BODY_MB=$((MAX_UPLOAD_MB + 1))
BATCH_BODY_MB=$((UPLOAD_BODY_MB * MAX_BATCH_FILES))

LOAD_BROTLI=''
BROTLI_STATIC=''
if [ -f "$BROTLI_MODULE" ]; then
  LOAD_BROTLI="load_module $BROTLI_MODULE;"
  BROTLI_STATIC='brotli_static on;'
fi

export PORT WEB_DIR MAX_UPLOAD_MB RATE_PER_SECOND RATE_BURST RUN_DIR
UPSTREAM_SERVERS="$UPSTREAM_SERVERS$LAST_RESORT"
export UPSTREAM_SERVERS UPLOAD_BODY_MB BATCH_BODY_MB LOAD_BROTLI BROTLI_STATIC
mkdir -p "$RUN_DIR"
# shellcheck disable=SC2016 # names for envsubst: what nginx writes with $ stays
envsubst '${PORT} ${WEB_DIR} ${MAX_UPLOAD_MB} ${RATE_PER_SECOND} ${RATE_BURST} ${RUN_DIR} ${UPSTREAM_SERVERS} ${UPLOAD_BODY_MB} ${BATCH_BODY_MB} ${LOAD_BROTLI} ${BROTLI_STATIC}' \
  < "$(dirname "$0")/nginx.conf.template" > "$RUN_DIR/nginx.conf"
exec "${NGINX_BIN:-nginx}" -p "$RUN_DIR" -e stderr -c "$RUN_DIR/nginx.conf" -g 'daemon off;' "$@"
