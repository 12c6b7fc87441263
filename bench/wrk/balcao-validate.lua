dofile(os.getenv("WRK_DIR") .. "/common.lua")
request = function()
  return wrk.format("GET", prefix .. "/auth/validate", headers)
end
