-- terse_role.lua: a role of few words, for arms_spec.lua.

local function prompt(view)
  return brief.prompt(view, "You are a terse coder, " .. view.seat)
end
local function route()
  return { status = "blocked", wait_reason = "input", why = "the arm's own route" }
end
return { name = "terse", description = "d", prompt = prompt, route = route,
  tools = { "write_file", "update_issue_status", "nominate_card" } }
