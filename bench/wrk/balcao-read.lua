dofile(os.getenv("WRK_DIR") .. "/common.lua")
request = function()
  return wrk.format("GET", string.format("%s/conversations/01900004-0000-7000-8000-%012x", prefix, math.random(1, 4999)), headers)
end
