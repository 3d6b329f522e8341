-- data_role.lua: a role whose output is data, for structured_spec.lua.

local function prompt(view)
  return brief.prompt(view, "You are the estimator.")
end
local function route(_, reply)
  local output = some(reply.output)
  if output then
    return { status = "ready_for_testing", why = "it takes " .. output.hours .. " hours" }
  end
end
return {
  name = "coder", description = "Says how long it takes.", tools = { "write_file", "update_issue_status", "request_excuse" }, prompt = prompt, route = route,
  output = { type = "object", properties = { hours = { type = "integer", minimum = 1 } }, required = { "hours" }, additionalProperties = false },
}
