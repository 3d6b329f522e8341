-- gate.lua: a small law for specs that run inside the binary (probe): dofile it, then use `gate`.

local cjson = require("cjson")

local M = {}

local function array(...)
  return setmetatable({ ... }, cjson.array_mt)
end

local PATH = { type = "string", format = "path" }

local function tool(operations, properties)
  return { schema = { type = "object", properties = properties }, operations = operations }
end

function M.law()
  return {
    tools = {
      write_file = tool(array("fs.write", "fs.read"), { path = PATH, content = { type = "string" } }),
      read_file = tool(array("fs.read", "fs.attach"), { path = PATH }),
      list_directory = tool(array("fs.list"), { path = PATH }),
      search_files = tool(array("fs.search"), { path = PATH }),
      outline = tool(array("code.outline"), { path = PATH }),
      delete_file = tool(array("fs.delete"), { path = PATH }),
      update_issue_status = tool(array("card.move", "card.comment"), {}),
    },
    roles = {
      coder = {
        tools = array("write_file", "read_file", "list_directory", "search_files", "outline", "delete_file",
          "update_issue_status"),
      },
      integrity_guard = { tools = array("read_file", "update_issue_status") },
    },
    rules = array({ id = "vendor", effect = "deny", paths = array("vendor/**"),
      why = "vendor code is not ours" }),
  }
end

M.card = { id = "ISSUE-1", type = "issue", status = "in_progress" }

---A request for a call with everything right.
function M.request(tool_name, arguments, root)
  return { role = "coder", card = M.card, tool = tool_name, arguments = arguments, root = root }
end

return M
