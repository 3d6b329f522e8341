-- json.lua: what json_spec.lua runs inside the binary.

local M = {}

function M.codes_base64()
  local base64 = require("orket.core.base64")
  for text, bytes in pairs({ [""] = "", ["AA=="] = "\0", ["AAE="] = "\0\1", ["AAEC"] = "\0\1\2",
    ["+/+/"] = "\xfb\xff\xbf" }) do
    assert(base64.encode(bytes) == text and base64.decode(text) == bytes, text)
  end
  for _, text in ipairs({ "A", "AA", "AA=", "AB==", "AAF=", "A===", "====", "AA==AA==", "AA ==", "AA-_",
    "AAEC\n", "Yp5\xff" }) do
    local bytes, _, code = base64.decode(text)
    assert(bytes == nil and code == "ERR_USAGE", text)
  end
  print("ok")
end

return M
