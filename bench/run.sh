#!/usr/bin/env bash
# The product beside pgbench and the reference servers, in turn within each round. Driven by `cargo xtask bench`, which
# installs and builds what this needs and names it: BALCAO_BIN, and QUEUE_BENCH where the store crate has that example.
#   run.sh [read|list|create|path|webhook|cold|memory|queue|latency|validate|login|refresh ..]     ROUNDS=3 SECS=6 PEERS="node-express node-fastify"
set -uo pipefail
export HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/lib/env.sh"; . "$HERE/lib/balcao.sh"; . "$HERE/lib/identity.sh"; export NICE SRV_CPU
ROUNDS=${ROUNDS:-3} SECS=${SECS:-6} PEERS=${PEERS:-"node-express node-fastify"} WEBHOOK_COUNT=${WEBHOOK_COUNT:-80000}
: "${BALCAO_BIN:?}"
mkdir -p "$RUN"
finish() { [ -n "${HEAR_PID:-}" ] && kill "$HEAR_PID" 2>/dev/null; stop_peer; stop_redis; stop_pg; }
trap finish EXIT
trap 'exit 130' INT TERM

prepare() {
  cd "$HERE/node-reference"
  node -e 'console.log(require("bcrypt").hashSync("Secret-pass-1",12))' >"$RUN/pwhash"
  node -e 'console.log(require("jsonwebtoken").sign({sub:"00000002-0000-4000-8000-00000000000a",org:"00000001-0000-4000-8000-000000000001",role:"agent"},process.env.JWT_SECRET,{expiresIn:"24h"}))' >"$RUN/token"
  cd "$HERE"
  REFERENCE_TOKEN=$(cat "$RUN/token"); export TOKEN=$REFERENCE_TOKEN
  printf '%s' '{"type":"order.updated","order":{"id":"A-1001","status":"shipped","total":"199.90","currency":"EUR"},"note":"a payload of an ordinary size for a shop webhook, some 200 bytes"}' >"$RUN/webhook.json"
  export WEBHOOK_BODY=$RUN/webhook.json WEBHOOK_SIG CURSORS=$RUN/cursors WEBHOOKS=$RUN/webhooks
  WEBHOOK_SIG=$(openssl dgst -sha256 -hmac "$WEBHOOK_SECRET" -hex <"$RUN/webhook.json" | sed 's/.*= //')
  start_pg; make_db; seed_balcao
}
# Every peer of a job, then balcao, all with the same connections, each warmed up for two seconds.
reference() { # reference JOB CONNECTIONS SCRIPT
  for p in $PEERS; do
    start_peer "$p" || continue
    CURSOR=base64 wrk_job "$p" warmup "$2" 2 "$3" >/dev/null
    CURSOR=base64 wrk_job "$p" "$1" "$2" "$SECS" "$3"
    stop_peer
  done
}
warm() { TOKEN=$BALCAO_TOKEN API_PREFIX=/api wrk_job balcao warmup "$1" 2 "$2" >/dev/null; }

read_job() {
  start_redis; pgbench_job read 16; reference read 16 read; stop_redis
  start_balcao && { warm 16 balcao-read; balcao_job read 16 balcao-read; }; stop_peer
}
list_job() {
  start_redis; pgbench_job list 16; reference list 16 list; stop_redis
  start_balcao && {
    cursors && { warm 16 balcao-list
    balcao_job list 16 balcao-list
    PAGES=first balcao_job list-first 16 balcao-list
    PAGES=deep balcao_job list-deep 16 balcao-list; }
  }; stop_peer
}
create_job() {
  start_redis; pgbench_job create 16; reference create 16 create; reference create 64 create; stop_redis
  # What the peers do: a message stored durably and nothing sent. Here that is a note.
  start_balcao && { warm 16 balcao-note; for c in 1 16 64; do balcao_job create $c balcao-note; done; }; stop_peer
  # A reply: besides, its send, its claim of the thread and the thread's new place in the lists. First with the workers
  # elsewhere (role api), so that only storing is in the figure; then with them in the same process, each send included.
  start_balcao api && { warm 16 balcao-message; for c in 16 64; do balcao_job create-reply-api $c balcao-message; done; }; stop_peer
  start_balcao && { warm 16 balcao-message; for c in 1 64; do balcao_job create-reply-sent $c balcao-message; done; sends_done; }; stop_peer
}
sends_done() { # how many of the stored replies had been sent the moment the load ended; the rest waits in the queue
  emit "$(sql -d balcao -At -c "select json_build_object('peer', 'balcao', 'job', 'create-reply-sent-done', 'stored', count(*), 'done', count(*) filter (where state = 'done')) from outbound_sends")"
}
hear() { # hear KIND TOKEN: two sockets that hear everything; waits until they do
  rm -f "$RUN/heard"
  (cd "$HERE/node-reference" && exec taskset -c "$CLI_CPU" node hear.mjs "$1" "http://127.0.0.1:$PORT" "$2" 2 "$ROOMS") >"$RUN/heard" 2>"$RUN/hear.log" &
  HEAR_PID=$!
  for _ in $(seq 400); do grep -q ready "$RUN/heard" && return 0; kill -0 $HEAR_PID 2>/dev/null || break; sleep 0.05; done
  echo "the listeners did not get ready: $(tail -2 "$RUN/hear.log")" >&2; return 1
}
heard() { # heard PEER JOB: compares what was heard with what was stored
  sleep 3; kill "$HEAR_PID" 2>/dev/null; wait "$HEAR_PID" 2>/dev/null; HEAR_PID=
  emit "$(python3 "$HERE/lib/report.py" heard "$1" "$RUN/heard" "$RUN/results.jsonl" "${ROUND:-0}" "$2")"
}
path_job() { # stored, conversation touched, event, and two sockets told; a note, as the reference sends nothing out either
  export ROOMS=50
  start_redis; start_peer node-express && hear reference "$REFERENCE_TOKEN" && { wrk_job node-express path 16 "$SECS" create-rooms; heard node-express path; }; stop_peer; stop_redis
  start_balcao && hear balcao "$BALCAO_TOKEN" && { balcao_job path 16 balcao-note; heard balcao path; }; stop_peer
  # Ours alone: replies, each with its send and the events of its way.
  start_balcao && hear balcao "$BALCAO_TOKEN" && { balcao_job path-reply-sent 16 balcao-message; heard balcao path-reply-sent; }; stop_peer
  unset ROOMS
}
webhook_job() {
  start_redis; pgbench_job webhook 16; reference webhook 16 webhook; stop_redis
  # As in the reference servers nothing works on what was stored meanwhile; then once more with the workers running.
  webhook_bodies "$WEBHOOK_COUNT"; start_balcao api && balcao_job webhook 16 balcao-webhook; stop_peer
  webhook_bodies "$WEBHOOK_COUNT"; start_balcao && balcao_job webhook 16 balcao-webhook balcao-all-roles; stop_peer
  rm -f "$RUN/webhooks"
}
cold_job() {
  start_redis
  for p in $PEERS; do mapfile -t c < <(peer_cmd "$p"); emit "$(python3 "$HERE/lib/measure.py" coldstart "$p" 3 "$PORT" /healthz -- "${c[@]}")"; done
  stop_redis
  fresh_balcao
  # Once beforehand: what only a first start does on a new database is not what a restart costs.
  start_peer balcao && stop_peer
  mapfile -t c < <(peer_cmd balcao)
  emit "$(python3 "$HERE/lib/measure.py" coldstart balcao 3 "$PORT" /health/ready -- "${c[@]}")"
}
memory_job() { # the same kinds of requests one after another, then what is resident once it is quiet again
  start_redis; start_peer node-express && {
    for j in "16 read" "16 list" "64 create" "16 webhook" "4 login"; do CURSOR=base64 loaded node-express $j; done
    resident node-express
  }; stop_peer; stop_redis
  webhook_bodies "$WEBHOOK_COUNT"
  start_balcao && cursors && {
    export LOGIN_BODY="{\"email\":\"$LOGIN_EMAIL\",\"password\":\"$BENCH_PASSWORD\"}" TOKEN=$BALCAO_TOKEN API_PREFIX=/api
    for j in "16 balcao-read" "16 balcao-list" "64 balcao-note" "64 balcao-message" "16 balcao-webhook" "4 balcao-login"; do loaded balcao $j; done
    resident balcao
    export TOKEN=$REFERENCE_TOKEN; unset API_PREFIX
  }; stop_peer; rm -f "$RUN/webhooks"
}
loaded() { wrk_job "$1" warmup "$2" "$SECS" "$3" >/dev/null; }
resident() { sleep 3; emit "$(python3 "$HERE/lib/measure.py" memory "$1" "$PEER_PID")"; }
queue_job() {
  for r in off always; do
    case $r in off) start_redis ;; *) start_redis --appendonly yes --appendfsync $r --appenddirname "aof-$r" ;; esac
    emit "$(cd "$HERE/node-reference" && cli node queue-bench.js 20000 50 single | grep "^{" | sed "s/\"peer\":\"\([^\"]*\)\"/\"job\":\"queue\",\"peer\":\"\1-aof-$r\"/")"
    stop_redis; rm -rf "$RUN/aof-$r"
  done
  emit "$(cd "$HERE/node-reference" && cli node queue-bench-pg.js 3000 plain 2>/dev/null | grep "^{" | sed 's/{/{"job":"queue",/')"
  sql -c 'DROP SCHEMA IF EXISTS graphile_worker CASCADE' 2>/dev/null
  pgbench_job job-take 4 3
  if [ -x "${QUEUE_BENCH:-}" ]; then
    fresh_balcao
    # One JSON line a measurement: {"job":"queue"|"queue-idle","peer":"balcao",..}; client, queue and worker in one process.
    cli "$QUEUE_BENCH" 20000 | grep '^{' | while read -r line; do emit "$line"; done
  else
    echo "no queue_bench example in the store crate: balcao's queue is not measured" >&2
  fi
}
latency_job() {
  start_balcao && emit "$(cd "$HERE/node-reference" && cli node latency.mjs "http://127.0.0.1:$PORT" "$BALCAO_TOKEN" "$WEBHOOK_SECRET" \
    "$BENCH_PHONE_ID" "$BENCH_WABA" "$BENCH_DISPLAY" "${LATENCY_RATE:-50}" "$SECS")"; stop_peer
}

prepare
for ROUND in $(seq "$ROUNDS"); do
  export ROUND
  for job in ${*:-read list create path webhook cold memory queue latency validate login refresh}; do
    echo "--- round $ROUND: $job ($(uptime | sed 's/.*load/load/'))"
    "${job}_job"
  done
done
echo; python3 "$HERE/lib/report.py" table "$RUN/results.jsonl"
