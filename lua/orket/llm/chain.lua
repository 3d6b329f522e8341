-- chain.lua: a model and those that answer in its place (`fallback`): the next one is asked when one failed
-- for good, or is not asked because it does not answer. Which one said a reply, and why not the ones before,
-- is in its event.

local M = {}

---The model of this name among one and those that answer in its place.
---@param model table
---@param name string|nil
---@return table
function M.of(model, name)
  for _, other in ipairs(name and model.others or {}) do
    if other.name == name then
      return other
    end
  end
  local hedge = model.hedge -- COMPAT: it answered in older journals
  return hedge and hedge.name == name and hedge or model
end

-- Another model may do better where the fault is this one's, or its endpoint's.
local function is_its_own(err)
  return (err.class == "model" or err.code == "ERR_LIMIT") and not err.budget
end

local function sooner(a, b)
  if not a or not b then
    return a or b
  end
  return math.min(a, b)
end

-- The same request to a model of its own: layers note on it what they made of it.
local function to(model, request)
  local copy = {}
  for key, value in pairs(request) do
    copy[key] = value
  end
  copy.model = model
  return copy
end

---Requests to a model and its others.
---@param inner Ask
---@return Ask  a reply of another one has `by`, its name, and `instead`, whom it stands for and why; the
---  error is that of the last one, with the soonest `retry_after` of all, and the `since` of the first one
---  that is unreachable
function M.over(inner)
  return function(request)
    local instead, asked = {}, request.model
    local reply, err = inner(to(asked, request))
    local soonest, since = err and err.retry_after, err and err.since
    for _, other in ipairs(request.model.others or {}) do
      if reply or not is_its_own(err) then
        break
      end
      instead[#instead + 1] = { model = asked.name, code = err.code, why = err.message }
      asked = other
      reply, err = inner(to(other, request))
      soonest, since = sooner(soonest, err and err.retry_after), since or err and err.since
    end
    if reply and asked ~= request.model then
      reply.by, reply.instead = asked.name, instead
    elseif err and is_its_own(err) then
      err.retry_after, err.since = soonest, since
    end
    return reply, err
  end
end

return M
