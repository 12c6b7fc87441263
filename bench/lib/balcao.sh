# Sourced by run.sh: Balcao as one more peer. Its own database on the same PostgreSQL (everything synced), one organization
# with 25,000 conversations, a person's real token. Nothing is switched off; per-user limits are raised by configuration only.
ORG=01900000-0000-7000-8000-000000000001   # replaced by the real one once it exists
BENCH_EMAIL=bench@bench.example LOGIN_EMAIL=logins@bench.example BENCH_PASSWORD=correct-horse-battery-9
export BALCAO_LISTEN=127.0.0.1:$PORT BALCAO_DATA_DIR=$RUN/balcao BALCAO_WHATSAPP_APP_SECRET=$WEBHOOK_SECRET
export BALCAO_WHATSAPP_VERIFY_TOKEN=bench BALCAO_LOG=error
BENCH_PHONE_ID=220011447788556 BENCH_WABA=998877665544332 BENCH_DISPLAY=+551130001234
db_url() { printf 'postgres://bench@127.0.0.1:%s/%s' "$PGPORT" "$1"; }
sql() { "$PGBIN/psql" -qX -v ON_ERROR_STOP=1 "$@"; }

raise_limits() { # one person sends everything here; the limits stay in force, only their numbers change
  while IFS== read -r name value; do case $name in '' | \#*) ;; *) export "$name=$value" ;; esac; done <"$HERE/balcao-limits.env"
}
balcao() { DATABASE_URL=$(db_url balcao_seed) "$BALCAO_BIN" "$@"; }

seed_balcao() { # once a run: a template database, from which each job gets a fresh copy
  mkdir -p "$RUN/balcao"; raise_limits
  sql -d postgres -c 'DROP DATABASE IF EXISTS balcao_seed WITH (FORCE)' -c 'CREATE DATABASE balcao_seed'
  balcao migrate up >/dev/null
  ORG=$(balcao organization create --slug bench --name Bench --kind clinic --json | python3 -c 'import json,sys; o=json.load(sys.stdin); print(o.get("id") or o["organization"]["id"])')
  printf '%s\n' "$BENCH_PASSWORD" | balcao user create --organization bench --email $BENCH_EMAIL --name Bench --role admin --password-stdin --json >/dev/null
  # Signs in again and again, which ends the oldest sessions of whoever does so.
  printf '%s\n' "$BENCH_PASSWORD" | balcao user create --organization bench --email $LOGIN_EMAIL --name Logins --role admin --password-stdin --json >/dev/null
  printf 'bench-token\n' | balcao channel create whatsapp --organization bench --name Bench --phone-number-id $BENCH_PHONE_ID \
    --display-number $BENCH_DISPLAY --waba-id $BENCH_WABA --access-token-stdin --simulation --json >/dev/null
  sql -d balcao_seed -v org="$ORG" -f "$HERE/sql/balcao-seed.sql"
  ORG=$ORG; printf '%s' "$ORG" >"$RUN/org"
}
fresh_balcao() { # a copy of the template, so that no job pays for what the one before it left
  sql -d postgres -c 'DROP DATABASE IF EXISTS balcao WITH (FORCE)' -c 'CREATE DATABASE balcao TEMPLATE balcao_seed'
  sql -d balcao -c 'CHECKPOINT'
  DATABASE_URL=$(db_url balcao); export DATABASE_URL
}
start_balcao() { # start_balcao [ROLES]: a fresh database, a server, a token in BALCAO_TOKEN
  fresh_balcao
  BALCAO_ROLES=${1:-} start_peer balcao || return 1
  for _ in $(seq 200); do [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/health/ready")" = 200 ] && break; sleep 0.05; done
  BALCAO_TOKEN=$(curl -sf -H 'content-type: application/json' -d "{\"email\":\"$BENCH_EMAIL\",\"password\":\"$BENCH_PASSWORD\"}" \
    "http://127.0.0.1:$PORT/api/auth/login" | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])') || { echo "balcao: no login" >&2; stop_peer; return 1; }
}
balcao_job() { # balcao_job JOB CONNECTIONS SCRIPT [LABEL]: with balcao's token and addresses
  TOKEN=$BALCAO_TOKEN API_PREFIX=/api wrk_job "${4:-balcao}" "$1" "$2" "$SECS" "$3"
}
cursors() { # the cursor of each page of 20 of the open conversations, in order, one a line
  python3 "$HERE/lib/pages.py" "http://127.0.0.1:$PORT/api/conversations?status=open&limit=20" "$BALCAO_TOKEN" 1000 >"$RUN/cursors"
}
webhook_bodies() { # N signed bodies, each its own message of one of 2,000 customers: BODY<tab>SIGNATURE
  python3 "$HERE/lib/webhooks.py" "$1" "$BENCH_PHONE_ID" "$BENCH_WABA" "$BENCH_DISPLAY" "$WEBHOOK_SECRET" >"$RUN/webhooks"
}
