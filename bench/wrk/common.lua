-- Shared by the job scripts: a bearer token from the environment, one JSON line at the end.
token = os.getenv("TOKEN") or ""
headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
prefix = os.getenv("API_PREFIX") or "/api/v1"
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"rps":%.1f,"requests":%d,"p50_us":%d,"p99_us":%d,"bad":%d,"neterr":%d}\n',
    summary.requests / (summary.duration / 1e6), summary.requests, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
