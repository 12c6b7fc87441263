-- A note. In ROOMS conversations only, as many as the reference's listeners have joined.
dofile(os.getenv("WRK_DIR") .. "/common.lua")
local body = '{"text":"hello from the load generator, this is one small message body"}'
local among = tonumber(os.getenv("ROOMS") or "4999")
request = function()
  return wrk.format("POST", string.format("%s/conversations/01900004-0000-7000-8000-%012x/notes", prefix, math.random(1, among)), headers, body)
end
