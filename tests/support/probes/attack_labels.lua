-- attack_labels.lua: what attack_labels_spec.lua runs inside the binary.

local M = {}

function M.labels_of_operations()
  local cjson, labels = require("cjson"), require("orket.governance.labels")
  local tree = { labels = { a = { "web" } } }
  local found = {}
  for _, kind in ipairs({ "http.get", "fs.readlink", "", "fs.read", "card.context", "proc.run" }) do
    found[#found + 1] = labels.of_operation(tree, kind) or {}
  end
  print(cjson.encode(found))
end

return M
