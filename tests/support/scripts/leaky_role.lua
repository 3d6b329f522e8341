-- leaky_role.lua: a role that tries to keep something of a conversation, for window_spec.lua.
-- luacheck: ignore 111 112 113 142 143

local kept = {}
leaked = leaked or ""
local function prompt(view)
  kept[#kept + 1] = view.card.description
  leaked = leaked .. tostring(view.card.description)
  string.leaked, math.leaked = leaked, leaked
  local seen = table.concat(kept, ";") .. leaked .. tostring(string.leaked)
  local texts = brief.prompt(view, "You are a programmer. " .. seen)
  return texts
end
return { name = "coder", description = "keeps", tools = { "read_file", "write_file", "add_issue_comment", "update_issue_status", "read_result" }, prompt = prompt }
