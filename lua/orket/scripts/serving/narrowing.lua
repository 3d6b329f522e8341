-- narrowing.lua: scripts wait together because one of them makes more possible. Their policies that can only
-- forbid more do not: they serve at once, beside the scripts that serve already, as a generation of their
-- own. A new policy can only forbid, and so can one that only gains rules as data
-- (permission_delta/policy_delta.lua); any other change of a text waits with the others. A policy that was
-- removed stays until that is accepted.

local scripts = require("orket.scripts.scripts")

local M = {}

-- The texts of `before`, with those of `after` at the paths.
local function generation_with(project, before, after, paths)
  local texts, entries = {}, {}
  for path, entry in pairs(before.files) do
    texts[path], entries[path] = entry.text, entry
  end
  for _, path in ipairs(paths) do
    entries[path] = after.files[path]
    texts[path] = entries[path] and entries[path].text
  end
  local generation, problems = scripts.build(texts, project:rules(), { files = entries })
  return #problems == 0 and generation or nil
end

local function is_policy(project, path)
  return scripts.is_policy(path) or path == "nodes/" .. (project:process().policy_node or "policy") .. ".lua"
end

-- Paths of policies with another text, sorted into those that are new and the rest.
local function policies_changed(project, before, after)
  local added, others = {}, {}
  for _, files in ipairs({ before.files, after.files }) do
    for path, entry in pairs(files) do
      local was, now = before.files[path], after.files[path]
      if is_policy(project, path) and not (was and now and was.text == now.text)
        and entry == (now or was) then
        local is_new = not was and scripts.is_policy(path) -- without the chosen one everything is denied
        table.insert(is_new and added or others, path)
      end
    end
  end
  table.sort(added)
  table.sort(others)
  return added, others
end

---What of a generation that makes more possible may serve at once: the policies that only forbid more, over
---the scripts that serve.
---@param project table
---@param before table generation that serves
---@param after table generation that makes more possible
---@param delta fun(project: table, before: table, after: table): table[]  what another generation makes
---  possible
---@return table|nil generation  nil: nothing
---@return string[]|nil paths  of the policies in it that did not serve before
function M.of(project, before, after, delta)
  local serves, others = policies_changed(project, before, after)
  local function may_serve(paths)
    local mixed = generation_with(project, before, after, paths)
    return mixed and #delta(project, before, mixed) == 0
  end
  local all = table.move(others, 1, #others, #serves + 1, { table.unpack(serves) })
  if #others > 0 and may_serve(all) then -- together: a rule may have moved from one file to another
    serves, others = all, {}
  end
  for _, path in ipairs(others) do
    if after.files[path] and may_serve({ path }) then
      serves[#serves + 1] = path
    end
  end
  local mixed = #serves > 0 and generation_with(project, before, after, serves)
  if mixed and mixed.id ~= before.id then
    table.sort(serves)
    return mixed, serves
  end
end

return M
