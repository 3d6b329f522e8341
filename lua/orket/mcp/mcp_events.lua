-- mcp_events.lua: an event stream of an MCP server: the messages in it, and what is needed to go on with it
-- when it breaks.

local line_splitter = require("orket.util.line_splitter")

local M = {}

local ID_MAX = 1000 -- bytes of an event's id; it goes back in a header

---@class McpEvents
local Events = {}
Events.__index = Events

local function is_visible(text)
  return #text <= ID_MAX and text ~= "" and not text:find("[^\x20-\x7E]")
end

local function ended(self)
  local data = self.data
  self.data, self.id = {}, self.next_id
  if #data > 0 then
    local text = table.concat(data, "\n")
    if text ~= "" then
      self.hear(text)
    end
  end
end

local FIELDS = {}

function FIELDS.data(self, value)
  self.data[#self.data + 1] = value
end

function FIELDS.id(self, value)
  self.next_id = is_visible(value) and value or self.next_id
end

function FIELDS.retry(self, value)
  self.wait = value:find("^%d+$") and #value < 10 and tonumber(value) / 1000 or self.wait
end

local function line(self, text)
  text = text:gsub("\r$", "")
  if text == "" then
    return ended(self)
  end
  local name, value = text:match("^([^:]*):? ?(.*)$")
  if FIELDS[name] then
    FIELDS[name](self, value)
  end
end

local function begin(self)
  self.data = {}
  self.split = line_splitter.splitter(function(text)
    line(self, text)
  end)
end

---@param hear fun(text: string) gets each message
---@return McpEvents
function M.reader(hear)
  local self = setmetatable({ hear = hear }, Events)
  begin(self)
  return self
end

---@param bytes string
function Events:feed(bytes)
  self.split(bytes)
end

---The connection broke: what had not ended is dropped.
function Events:cut()
  self.next_id = self.id
  begin(self)
end

---The id of the last event that was whole; nil when none had one.
---@return string|nil
function Events:last()
  return self.id
end

---How many seconds the server wants to be left alone before it is asked again.
---@return number|nil
function Events:retry()
  return self.wait
end

return M
