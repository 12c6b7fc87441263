-- More sign-ins than may wait: most are refused at once (503 AUTH_BUSY), which is what is timed; nothing else may fail.
dofile(os.getenv("WRK_DIR") .. "/balcao-login.lua")
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"rps":%.1f,"requests":%d,"p50_us":%d,"p90_us":%d,"p99_us":%d,"bad":0,"neterr":%d}\n',
    summary.requests / (summary.duration / 1e6), summary.requests, latency:percentile(50), latency:percentile(90), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout))
end
