---@meta orket.core.sse

local sse = {}

---@class SseEvent
---@field event string "message" when the block names none
---@field data string
---@field id string the last event id, "" before the first
---@field retry integer|lightuserdata milliseconds, or cjson.null

---Parses pieces of an event stream; where they are cut makes no difference. An event that the end
---cuts off is discarded.
---@param pieces string[]
---@param caps {line: integer?, event: integer?}?
---@return SseEvent[]|nil events, string? message, string? code
function sse.parse(pieces, caps) end

return sse
