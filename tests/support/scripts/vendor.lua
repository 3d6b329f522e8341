-- vendor.lua: a policy, for permission_delta_spec.lua.

local function decide(call)
  for _, path in ipairs(call.paths) do
    if path:find("^vendor/") and call.tool == "write_file" then
      return { decision = "deny", rule = "vendor", why = "not ours", fix = "wrap it" }
    end
  end
end
return { decide = decide }
