-- house_policy.lua: a policy that can be made to say less, for attack_permission_delta_spec.lua.
-- luacheck: ignore 212/view

local function decide(call, view)
  if call.tool == "write_file" and call.arguments.path == "x/y" then
    return { decision = "deny", rule = "exact", why = "not there" }
  end
  if call.tool == "read_file" and call.arguments.path:find("^deep/") then
    return { decision = "ask", rule = "deep", why = "a person first" }
  end
end
return { decide = decide }
