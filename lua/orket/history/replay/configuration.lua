-- configuration.lua: the configuration with which a recorded run began or went on, or the present one in its
-- place.

local record = require("orket.history.replay.record")
local settings = require("orket.project.settings")

local M = {}

local Configuration = {}
Configuration.__index = Configuration

---The configuration from this event on. A run that recorded none has the present one.
---@param stage table
---@param event Recorded run.started or run.resumed
---@return table|nil config
---@return string|nil why
function Configuration:at(stage, event)
  local named = record.body(event).config
  self.is_another = self.named ~= named
  stage.configuration, self.recorded, self.named = nil, nil, named
  if not named then
    return self.now
  end
  stage.configuration = stage.facade:blob(named)
  if not stage.configuration then
    return nil, "the configuration " .. named .. " is missing"
  end
  local err
  self.recorded, err = settings.config(stage.configuration)
  return self.recorded and (self.present and self.now or self.recorded), err and err.message
end

---Notes in what the present settings are not the recorded ones.
---@param epic table
function Configuration:note(epic)
  if self.recorded and self.present then
    local paths, shown = settings.changes(settings.of(self.recorded, epic), settings.of(self.now, epic))
    if #paths > 0 then
      self.changed, self.shown = paths, shown
    end
  end
end

---What came out otherwise did so under other settings.
---@param err Error
function Configuration:blame(err)
  if #self.changed > 0 then
    err.settings = self.changed
    err.detail = (err.detail or "") .. "\nsettings: - recorded, + now\n" .. self.shown
    err.fix = "not as recorded: " .. table.concat(self.changed, ", ")
  end
end

---@param now table the project's configuration
---@param present boolean|nil  it takes the place of the recorded one
---@return table configuration  changed: settings that are not as recorded; is_another: since the run began or
---  went
---  on before
function M.new(now, present)
  return setmetatable({ now = now, present = present, changed = {} }, Configuration)
end

return M
