-- mcp_routes.lua: the door of MCP clients (docs/mcp-server.md). What they may call is the other routes.

local mcp_http = require("orket.service.mcp.mcp_http")

local M = { tag = "mcp" }

local CODES = { "ERR_USAGE", "ERR_NOT_FOUND", "ERR_LIMIT" }

M.routes = {
  {
    name = "mcp_message", method = "POST", path = "/mcp", permission = "read", stream = mcp_http.post,
    summary = "a message of an MCP client: its answer is JSON, or a stream where something comes before it",
    body = { type = { "object", "array" } }, answer = { type = "object" }, errors = CODES,
  },
  {
    name = "mcp_listen", method = "GET", path = "/mcp", permission = "read", stream = mcp_http.get,
    summary = "what belongs to no request of an MCP session; with Last-Event-ID a broken stream goes on",
    answer = { type = "object" }, errors = CODES,
  },
  {
    name = "mcp_end", method = "DELETE", path = "/mcp", permission = "read", stream = mcp_http.delete,
    summary = "ends an MCP session", status = 204, answer = { type = "object" }, errors = CODES,
  },
}

return M
