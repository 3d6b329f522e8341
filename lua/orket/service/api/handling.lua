-- handling.lua: what a route answers to a request, and from which store: the project's own, one whose long
-- queries run on the pool, or the project as it was.

local pooled_store = require("orket.service.api.pooled_store")

local M = {}

local function as_of(service, at, route, request)
  local snapshot <close>, err = service.snapshots:open(at)
  if not snapshot then
    return nil, err
  end
  return route.handle(setmetatable({ store = snapshot.store, at = at }, { __index = service }), request)
end

---In a task.
---@param service Service
---@param route Route
---@param request ApiRequest
---@return any
---@return Error|Error[]|nil
function M.perform(service, route, request)
  local at = route.past and request.query.at
  if at then
    return as_of(service, at, route, request)
  end
  return route.handle(route.pooled and pooled_store.view(service) or service, request)
end

return M
