-- json.lua: a run as one JSON line per committed event, and a last line with its status.

local cjson = require("cjson")

local M = {}

local View = {}
View.__index = View

function M.new()
  io.stdout:setvbuf("line")
  return setmetatable({}, View)
end

function View:attach(project)
  project.store:subscribe(function(event)
    io.write(cjson.encode(event), "\n")
  end)
end

function View:note(text)
  io.write(cjson.encode({ kind = "note", text = text }), "\n")
end

function View:finish(status, counts, already)
  io.write(cjson.encode({ kind = "result", status = status or "failed", counts = counts or {}, already = already or false }), "\n")
end

return M
