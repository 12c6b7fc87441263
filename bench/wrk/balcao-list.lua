-- A page of 20 with a filter. PAGES names which: first, deep (the last hundred of the walk) or any.
dofile(os.getenv("WRK_DIR") .. "/common.lua")
local cursors = {}
for line in io.lines(os.getenv("CURSORS")) do cursors[#cursors + 1] = line end
local pages = os.getenv("PAGES") or "any"
local low, high = 2, #cursors
if pages == "deep" then low = #cursors - 99 end
request = function()
  local path = prefix .. "/conversations?status=open&limit=20"
  if pages ~= "first" then path = path .. "&cursor=" .. cursors[math.random(low, high)] end
  return wrk.format("GET", path, headers)
end
