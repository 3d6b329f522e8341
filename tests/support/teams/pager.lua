-- pager.lua: a team that reads a long result on, for result_paging_spec.lua.
-- luacheck: globals COUNT

function work(talk)
  local parts, next_from = {}, nil
  for _, text in ipairs(talk.said) do
    local answer = cjson.decode(text)
    if answer.cut then
      parts[1], next_from = answer.part, answer.cut.next
    elseif answer.result and answer.result.part then
      parts[#parts + 1], next_from = answer.result.part, answer.result.next
    end
  end
  if talk.replies == 0 then
    return say(call("long", { count = COUNT }))
  elseif next_from then
    return say(call("read_result", { handle = "r1", from = next_from }))
  end
  return say(write("all.txt", table.concat(parts)), finish())
end
