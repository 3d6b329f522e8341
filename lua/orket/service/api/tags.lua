-- tags.lua: the nouns of the API, in the order of its documents, each in a line.

local M = {}

---@type {name: string, about: string}[]
M.ALL = {
  { name = "system", about = "The service" },
  { name = "cards", about = "Cards" },
  { name = "runs", about = "Runs and events" },
  { name = "people", about = "People: what waits for them, what they do" },
  { name = "reports", about = "Reports" },
  { name = "files", about = "Files, programs" },
  { name = "models", about = "Models" },
  { name = "memory", about = "What is remembered" },
  { name = "planning", about = "Plans and conversations" },
  { name = "project", about = "Files of the project, prompts" },
  { name = "scripts", about = "Scripts and policies" },
  { name = "settings", about = "Settings" },
  { name = "authoring", about = "Cards as they are written" },
  { name = "mcp", about = "Model Context Protocol ([mcp-server.md](mcp-server.md))" },
  { name = "users", about = "Users and keys" },
}

---@param name string
---@return string|nil
function M.about(name)
  for _, tag in ipairs(M.ALL) do
    if tag.name == name then
      return tag.about
    end
  end
end

return M
