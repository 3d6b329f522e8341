-- appends_to_one_file.lua: cards that each append a line to one file, for resume_spec.lua.

local function lines_of(result)
  local text = result and (result:match('"content":"(.-)"[,}]') or ""):gsub("\\n", "\n") or ""
  local seen, lines = {}, {}
  for line in text:gmatch("[^\n]+") do
    if line:match("^P%d+$") and not seen[line] then
      seen[line], lines[#lines + 1] = true, line
    end
  end
  return lines, seen
end
function work(talk)
  return steps(talk, function() return say(call("read_file", { path = "all" })) end, function(t)
    local lines, seen = lines_of(t.results[1])
    lines[#lines + 1] = not seen[t.card] and t.card or nil
    return say(write("all", table.concat(lines, "\n") .. "\n"), finish())
  end)
end
