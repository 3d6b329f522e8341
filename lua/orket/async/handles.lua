-- handles.lua: every handle of the loop that trusted Lua holds, so that none outlives the state.

local M = {}

local open = setmetatable({}, { __mode = "k" })

---@param handle userdata a luv handle
---@return userdata handle
function M.opened(handle)
  open[handle] = true
  return handle
end

---@param handle userdata
---@return boolean
function M.is_open(handle)
  return open[handle] == true
end

---Closes a handle; once is enough.
---@param handle userdata
function M.close(handle)
  if open[handle] then
    open[handle] = nil
    handle:close()
  end
end

---The loop ends.
function M.close_all()
  for handle in pairs(open) do
    handle:close()
  end
end

return M
