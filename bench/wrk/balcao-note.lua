dofile(os.getenv("WRK_DIR") .. "/common.lua")
local body = '{"text":"hello from the load generator, this is one small message body"}'
request = function()
  return wrk.format("POST", string.format("%s/conversations/01900004-0000-7000-8000-%012x/notes", prefix, math.random(1, 4999)), headers, body)
end
