# Sourced by run.sh: signing in. Limits are raised by configuration only; passwords are hashed as always (bcrypt 12).
validate_job() { start_balcao && { warm 16 balcao-validate; balcao_job validate 16 balcao-validate; }; stop_peer; }

# The floor is bcrypt itself, by the reference server's own library, on the server's core.
raw_bcrypt() {
  emit "$(cd "$HERE/node-reference" && srv node -e '
    const b = require("bcrypt"), h = b.hashSync("Secret-pass-1", 12), n = 20, t = process.hrtime.bigint();
    for (let i = 0; i < n; i++) if (!b.compareSync("Secret-pass-1", h)) process.exit(1);
    const s = Number(process.hrtime.bigint() - t) / 1e9;
    console.log(JSON.stringify({ peer: "raw-bcrypt", job: "login", c: 1, rps: n / s, p50_us: s / n * 1e6 }));')"
}
login_job() { # sign-ins alone, then reads while sign-ins saturate their threads, then more sign-ins than may wait
  raw_bcrypt
  start_balcao && {
    export LOGIN_BODY="{\"email\":\"$LOGIN_EMAIL\",\"password\":\"$BENCH_PASSWORD\"}"
    SECS=12 balcao_job login 4 balcao-login
    balcao_job read-quiet 16 balcao-read
    TOKEN= API_PREFIX=/api taskset -c "$CLI_CPU" wrk -t1 -c4 -d$((SECS + 3))s --timeout 10s -s "$WRK_DIR/balcao-login.lua" "http://127.0.0.1:$PORT" >/dev/null &
    sleep 1; balcao_job read-beside-logins 16 balcao-read; wait $!
    SECS=6 balcao_job login-crowd 200 balcao-login-crowd
  }; stop_peer
}
refresh_job() { # each connection goes on with the token that it was answered
  start_balcao && {
    # One more than connections: wrk asks for a request that it never sends, to see what they are like.
    for _ in $(seq 17); do
      curl -sf -H 'content-type: application/json' -d "{\"email\":\"$BENCH_EMAIL\",\"password\":\"$BENCH_PASSWORD\"}" "http://127.0.0.1:$PORT/api/auth/login"; echo
    done | python3 -c 'import json,sys
for line in sys.stdin: print(json.loads(line)["refresh_token"])' >"$RUN/refresh"
    REFRESH=$RUN/refresh balcao_job refresh 16 balcao-refresh
  }; stop_peer; rm -f "$RUN/refresh"
}
