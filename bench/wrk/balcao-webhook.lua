-- Signed bodies made beforehand, each sent once: a repeated one would be recognised and cost less.
dofile(os.getenv("WRK_DIR") .. "/common.lua")
local bodies, signatures = {}, {}
for line in io.lines(os.getenv("WEBHOOKS")) do
  local body, signature = line:match("^(.*)\t(%x+)$")
  bodies[#bodies + 1] = body
  signatures[#signatures + 1] = signature
end
local n = 0
request = function()
  n = n + 1
  if n > #bodies then io.stderr:write("out of webhook bodies: raise WEBHOOK_COUNT\n"); os.exit(1) end
  return wrk.format("POST", "/api/channels/webhooks/whatsapp",
    { ["Content-Type"] = "application/json", ["X-Hub-Signature-256"] = "sha256=" .. signatures[n] }, bodies[n])
end
