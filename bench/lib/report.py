"""The closing table: each measured thing with median and spread, then the goals with the ratio that was reached.

report.py table RESULTS.jsonl;  report.py heard PEER HEARD RESULTS.jsonl ROUND JOB  (compares deliveries with stored messages)
"""
import json, statistics, sys
from collections import defaultdict


def rows(path):
    for line in open(path):
        try:
            yield json.loads(line)
        except ValueError:
            continue


def heard(peer, heard_path, results, round_, job):
    stored = [r for r in rows(results) if r["peer"] == peer and r["job"] == job][-1]["requests"]
    line = [l for l in open(heard_path) if l.startswith("{")]
    got = json.loads(line[-1])["heard"] if line else 0
    print(json.dumps({"peer": peer, "job": job + "-heard", "stored": stored, "heard": got, "missing": max(0, 2 * stored - got)}))


def spread(values):
    return f"{statistics.median(values):,.1f} [{min(values):,.1f}..{max(values):,.1f}]" if values else "-"


class Results:
    def __init__(self, path):
        self.by = defaultdict(lambda: defaultdict(list))  # (job, peer, connections) -> field -> [(round, value)]
        for r in rows(path):
            if r.get("job") == "warmup":
                continue
            for field, value in r.items():
                if isinstance(value, (int, float)) and field not in ("round", "c"):
                    self.by[r.get("job"), r.get("peer"), r.get("c")][field].append((r.get("round", 0), value))

    def values(self, job, peer, field, c=None):
        return [v for k, fields in self.by.items() if k[:2] == (job, peer) and c in (None, k[2]) for _, v in fields[field]]

    def ratios(self, mine, theirs):
        """mine / theirs within each round, so that a slow minute of the machine slows both."""
        def per_round(job, peer, c, field):
            found = defaultdict(list)
            for k, fields in self.by.items():
                if k[:2] == (job, peer) and c in (None, k[2]):
                    for round_, value in fields[field]:
                        found[round_].append(value)
            return {r: statistics.median(v) for r, v in found.items()}
        a, b = per_round(*mine), per_round(*theirs)
        return [a[r] / b[r] for r in sorted(a.keys() & b.keys()) if b[r]]


def table(path):
    r = Results(path)
    print(f"{'job':12} {'peer':26} {'conns':>5}  {'rate/s':>28} {'p50 ms':>9} {'p99 ms':>9} {'own us':>18} {'PG us':>8} {'Redis us':>8} {'bad':>5}")
    for (job, peer, c), f in sorted(r.by.items(), key=str):
        get = lambda n: [v for _, v in f[n]]
        rate = get("rps") or get("done_per_s")
        ms = lambda us, name: f"{statistics.median([v / 1e3 for v in get(us)] or get(name)):.2f}" if get(us) or get(name) else "-"
        med = lambda n: f"{statistics.median(get(n)):.0f}" if get(n) else "-"
        own = spread(get("peer_cpu_us")) if get("peer_cpu_us") and peer != "pgbench" else "-"
        bad = sum(get("bad") + get("neterr") + get("missing"))
        if job == "coldstart":
            print(f"{job:12} {peer:26} {'':>5}  start {spread(get('ms'))} ms, idle {statistics.median(get('idle_rss_kb')) / 1024:.1f} MB")
            continue
        if job == "memory":
            print(f"{job:12} {peer:26} {'':>5}  after load {spread([v / 1024 for v in get('rss_kb')])} MB")
            continue
        print(f"{job:12} {peer:26} {c or '':>5}  {spread(rate):>28} {ms('p50_us', 'p50_ms'):>9} {ms('p99_us', 'p99_ms'):>9} {own:>18} {med('pg_cpu_us'):>8} {med('redis_cpu_us'):>8} {bad:>5}")
    print("\ngoal (must)                                              reached             verdict")
    for name, values, bar, more in goals(r):
        if not values:
            print(f"{name:56} not measured")
            continue
        m = statistics.median(values)
        ok = m >= bar if more else m <= bar
        print(f"{name:56} {m:8.2f} [{min(values):.2f}..{max(values):.2f}]  {'met' if ok else 'MISSED'} ({'>=' if more else '<='} {bar})")


def goals(r):
    def x(job, peer, theirs, c=None, tc=None, field="rps", mine="balcao"):
        return r.ratios((job, mine, c, field), (theirs, peer, tc, field))
    own = lambda job, c=16, peer="balcao": r.values(job, peer, "peer_cpu_us", c)
    return [
        ("(a) read: x express", x("read", "node-express", "read"), 3.0, True),
        ("(a) read: x fastify", x("read", "node-fastify", "read"), 1.6, True),
        ("(a) read: x pgbench (aim 0.5)", x("read", "pgbench", "read"), 0.5, True),
        ("(a) read: own CPU us", own("read"), 75, False),
        ("(b) page of 20: x express", x("list", "node-express", "list"), 2.5, True),
        ("(b) page of 20: x fastify", x("list", "node-fastify", "list"), 1.6, True),
        ("(b) page of 20: own CPU us", own("list"), 120, False),
        ("(b) page 1,000 / page 1, p50", r.ratios(("list-deep", "balcao", None, "p50_us"), ("list-first", "balcao", None, "p50_us")), 1.2, False),
        ("(c) create (note), 64 conns: x pgbench (16 clients)", x("create", "pgbench", "create", 64, 16), 0.6, True),
        ("(c) create (note), 64 conns: x express", x("create", "node-express", "create", 64, 64), 2.5, True),
        ("(c) reply, workers elsewhere, 64: x pgbench (16)", x("create-reply-api", "pgbench", "create", 64, 16), 0.6, True),
        ("(c) reply, workers elsewhere, 64: x express", x("create-reply-api", "node-express", "create", 64, 64), 2.5, True),
        ("(c) reply and its send, 64 conns: x express", x("create-reply-sent", "node-express", "create", 64, 64), 2.5, True),
        ("(c) whole path, two sockets: x node-reference", x("path", "node-express", "path"), 3.0, True),
        ("(f) login: x raw bcrypt", x("login", "raw-bcrypt", "login"), 0.95, True),
        ("(f) read p99 beside logins / quiet", r.ratios(("read-beside-logins", "balcao", None, "p99_us"), ("read-quiet", "balcao", None, "p99_us")), 2.0, False),
        ("(f) refused sign-in p50, ms", [v / 1e3 for v in r.values("login-crowd", "balcao", "p50_us")], 50, False),
        ("(g) cold start, ms", r.values("coldstart", "balcao", "ms"), 150, False),
        ("(g) idle RSS, MB", [v / 1024 for v in r.values("coldstart", "balcao", "idle_rss_kb")], 40, False),
        ("(g) RSS after the load / express's", r.ratios(("memory", "balcao", None, "rss_kb"), ("memory", "node-express", None, "rss_kb")), 0.5, False),
        ("(h) webhook intake: x fastify + BullMQ", x("webhook", "node-fastify", "webhook"), 2.5, True),
        ("(h) webhook intake: x pgbench", x("webhook", "pgbench", "webhook"), 0.45, True),
        ("(i) queue: x BullMQ, log synced always", x("queue", "bullmq-single-aof-always", "queue", field="done_per_s"), 1.0, True),
        ("(i) queue: x graphile-worker", x("queue", "graphile-worker", "queue", field="done_per_s"), 8.0, True),
        ("(i) idle pick-up p50, ms", r.values("queue-idle", "balcao", "p50_ms"), 15, False),
        ("(i) idle queue, % of a core", r.values("queue-idle", "balcao", "idle_cpu_pct"), 1.0, False),
        ("webhook to socket p99, ms (limit of the product: 1,000)", r.values("latency", "balcao", "p99_ms"), 1000, False),
    ]


if __name__ == "__main__":
    if sys.argv[1] == "heard":
        heard(*sys.argv[2:7])
    else:
        table(sys.argv[2])
