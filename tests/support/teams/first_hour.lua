-- first_hour.lua: what an agent says in the first hour, for first_hour_spec.lua.

local LONG = ("a long line of what an agent writes, "):rep(8) .. "\27[31m\27]2;title\7\u{202e}end\n"
function work(talk)
  if talk.card == "checkout-7" then
    return say(call("request_excuse", { reason = "Keep the same idempotency key for each attempt, or make a new one?\27[2J " .. LONG }))
  elseif talk.card == "checkout-4" then
    return say(write("db/003_orders.sql", "create table orders (\n" .. LONG .. ");\n"))
  end
  return steps(talk, function()
    return say(call("read_file", { path = "missing.txt" }), write("gen/a.c", LONG), write("web/form.js", LONG))
  end, function() return say(finish(LONG)) end)
end
