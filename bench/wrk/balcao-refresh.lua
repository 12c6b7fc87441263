dofile(os.getenv("WRK_DIR") .. "/common.lua")
headers["Authorization"] = nil
local tokens = {}
for line in io.lines(os.getenv("REFRESH")) do table.insert(tokens, line) end
request = function()
  return wrk.format("POST", prefix .. "/auth/refresh", headers, string.format('{"refresh_token":"%s"}', table.remove(tokens) or "none-left"))
end
response = function(status, _, body)
  local token = string.match(body, '"refresh_token":"([^"]+)"')
  if status == 200 and token then table.insert(tokens, token) end
end
