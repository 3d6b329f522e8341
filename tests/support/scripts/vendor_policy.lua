-- vendor_policy.lua: a policy with a self-test, for policy_command_spec.lua.

local function decide(call)
  for _, path in ipairs(call.paths) do
    if path:find("^vendor/") and call.tool == "write_file" then
      return { decision = "deny", rule = "vendor", why = "not ours", fix = "wrap it" }
    end
  end
  if call.destructive then
    return { decision = "ask", rule = "gone", why = "it is gone then" }
  end
end
return { decide = decide, self_test = function() assert(decide({ paths = {} }) == nil) end }
