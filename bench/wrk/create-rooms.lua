-- The reference servers' create, in ROOMS conversations only, which the listeners have joined.
dofile(os.getenv("WRK_DIR") .. "/common.lua")
local body = '{"body":"hello from the load generator, this is one small message body"}'
local among = tonumber(os.getenv("ROOMS"))
request = function()
  return wrk.format("POST", string.format("%s/conversations/00000003-0000-4000-8000-%012x/messages", prefix, 10 * math.random(1, among)), headers, body)
end
