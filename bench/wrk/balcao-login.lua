dofile(os.getenv("WRK_DIR") .. "/common.lua")
headers["Authorization"] = nil
local body = os.getenv("LOGIN_BODY")
request = function()
  return wrk.format("POST", prefix .. "/auth/login", headers, body)
end
