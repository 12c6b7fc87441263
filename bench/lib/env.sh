# Sourced by the scripts: places, ports, pinning, start and stop of PostgreSQL, Redis and peers.
# Server side (peer, PostgreSQL, Redis) on core 0, load on core 1; override with SRV_CPU / CLI_CPU.
HERE=${HERE:?set HERE to the peers folder}
RUN=${PEERS_RUN:-${TMPDIR:-/tmp}/peers-run}
SRV_CPU=${SRV_CPU:-0} CLI_CPU=${CLI_CPU:-1}
PGBIN=${PGBIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)}
export PGHOST=127.0.0.1 PGPORT=${PGPORT:-25532} PGUSER=bench PGDATABASE=bench
export REDIS_PORT=${REDIS_PORT:-26479} JWT_SECRET=measurement-only-secret WEBHOOK_SECRET=measurement-only-webhook-secret
export WRK_DIR=$HERE/wrk NODE_ENV=production PORT=${PORT:-23100}
NICE=${NICE:-0} # below 0 (as root) where something else runs on the machine
srv() { nice -n "$NICE" taskset -c "$SRV_CPU" "$@"; }
cli() { nice -n "$NICE" taskset -c "$CLI_CPU" "$@"; }
as_pg() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

start_pg() {
  mkdir -p "$RUN"; chmod 755 "$RUN"
  if [ ! -d "$RUN/pg" ]; then
    install -d -o "$( [ "$(id -u)" = 0 ] && echo postgres || id -un )" "$RUN/pg"
    as_pg "$PGBIN/initdb" -D "$RUN/pg" -U bench -A trust -E UTF8 --no-locale >/dev/null
    as_pg tee -a "$RUN/pg/postgresql.conf" >/dev/null <<C
port = $PGPORT
listen_addresses = '127.0.0.1'
unix_socket_directories = '$RUN/pg'
shared_buffers = 1GB
max_connections = 200
max_wal_size = 8GB
checkpoint_timeout = 30min
synchronous_commit = on
fsync = on
jit = off
C
  fi
  if ! [ -f "$RUN/pg/postmaster.pid" ]; then
    srv env -i PATH="$PATH" bash -c "$( [ "$(id -u)" = 0 ] && echo 'runuser -u postgres --' ) $PGBIN/pg_ctl -D $RUN/pg -l $RUN/pg/log -w start" >/dev/null
  fi
  # Another server may hold the port: never touch a database that is not ours.
  [ "$("$PGBIN/psql" -qXAt -d postgres -c 'SHOW data_directory')" = "$RUN/pg" ] || { echo "port $PGPORT is not our PostgreSQL" >&2; exit 1; }
}
stop_pg() { as_pg "$PGBIN/pg_ctl" -D "$RUN/pg" -m fast -w stop >/dev/null 2>&1 || true; }
make_db() { # a fresh database with the shared schema and data
  "$PGBIN/psql" -qX -d postgres -c 'DROP DATABASE IF EXISTS bench WITH (FORCE)' -c 'CREATE DATABASE bench'
  "$PGBIN/psql" -qX -v ON_ERROR_STOP=1 -f "$HERE/sql/schema.sql"
  "$PGBIN/psql" -qX -v ON_ERROR_STOP=1 -v pwhash="$(cat "$RUN/pwhash")" -f "$HERE/sql/seed.sql"
}
start_redis() { # start_redis [extra options]
  nice -n "$NICE" taskset -c "$SRV_CPU" redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' --dir "$RUN" "$@" >"$RUN/redis.log" 2>&1 &
  REDIS_PID=$!
  until redis-cli -p "$REDIS_PORT" ping >/dev/null 2>&1; do sleep 0.05; done
}
stop_redis() { [ -n "${REDIS_PID:-}" ] && kill "$REDIS_PID" 2>/dev/null; wait "${REDIS_PID:-}" 2>/dev/null; REDIS_PID=; }

peer_cmd() { # the command line of a peer, one argument a line
  case $1 in
    node-express) printf '%s\n' node "$HERE/node-reference/server.js" ;;
    node-fastify) printf '%s\n' node "$HERE/node-reference/fastify.js" ;;
    fastapi) printf '%s\n' "${FASTAPI_VENV:-$HERE/fastapi/.venv}/bin/uvicorn" --app-dir "$HERE/fastapi" app:app --host 127.0.0.1 --port "$PORT" --no-access-log --log-level warning ;;
    rust-thin) printf '%s\n' "$HERE/floor/target/release/rest" ;;
    socketioxide) printf '%s\n' "$HERE/floor/target/release/sio" ;;
    wsfan) printf '%s\n' "$HERE/floor/target/release/wsfan" ;;
    rawfan) printf '%s\n' "$HERE/floor/target/release/rawfan" ;;
    balcao) printf '%s\n' "${BALCAO_BIN:?}" serve ${BALCAO_ROLES:+--roles "$BALCAO_ROLES"} ;;
    uws) printf '%s\n' "${UWS_BIN:?a broadcast server binary built elsewhere}" ;;
    *) echo "unknown peer $1" >&2; return 1 ;;
  esac
}
start_peer() { # start_peer NAME: sets PEER_PID once it accepts connections
  mapfile -t cmd < <(peer_cmd "$1")
  nice -n "$NICE" taskset -c "$SRV_CPU" "${cmd[@]}" >"$RUN/peer-$1.log" 2>&1 &
  PEER_PID=$!
  for _ in $(seq 400); do
    (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && return 0
    kill -0 "$PEER_PID" 2>/dev/null || break
    sleep 0.05
  done
  echo "peer $1 did not start" >&2; tail -5 "$RUN/peer-$1.log" >&2; return 1
}
stop_peer() {
  [ -n "${PEER_PID:-}" ] || return 0
  kill "$PEER_PID" 2>/dev/null; for _ in $(seq 50); do kill -0 "$PEER_PID" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$PEER_PID" 2>/dev/null; wait "$PEER_PID" 2>/dev/null; PEER_PID=
}
emit() { # every result carries its round, because ratios are taken within one
  local line="{\"round\":${ROUND:-0},${1#\{}"
  printf '%s\n' "$line" >>"$RUN/results.jsonl"; printf '%s\n' "$line"
}
load() { emit "$(RUN=$RUN python3 "$HERE/lib/measure.py" load "$1" "$2" "$3" "${PEER_PID:-}" "$(head -1 "$RUN/pg/postmaster.pid")" "${REDIS_PID:-}" -- "${@:4}")"; }
wrk_job() { # wrk_job PEER JOB CONNECTIONS [SECONDS] [SCRIPT]
  load "$1" "$2" "$3" nice -n "$NICE" taskset -c "$CLI_CPU" wrk -t1 -c"$3" -d"${4:-$SECS}s" --timeout 10s -s "$WRK_DIR/${5:-$2}.lua" "http://127.0.0.1:$PORT"
}
pgbench_job() { # pgbench_job JOB CLIENTS [SECONDS]
  rm -f "$RUN"/pgb.*
  PEER_PID= load pgbench "$1" "$2" nice -n "$NICE" taskset -c "$CLI_CPU" "$PGBIN/pgbench" -n -M prepared -f "$HERE/sql/$1.sql" -c "$2" -j1 -T "${3:-$SECS}" -l --log-prefix="$RUN/pgb"
}
