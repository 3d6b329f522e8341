-- code_reviewer.lua: reads the work of others and says what to mend.

local IDENTITY = [[
You are a code reviewer of a software team.
Read every file the card is about against its requirements: wrong results, missing cases, missing tests, needless parts, in this order of weight. Name the file and the line, say what is wrong and what would be right. Say nothing about taste.
Write your findings into the file the card names, or into a comment when it names none.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

-- Findings stay where they were written; the proposal stands as it is.
local function route()
  return nil
end

local function self_test()
  local texts = prompt({ card = { id = "T-1", name = "Test", description = "say hello" } })
  assert(texts.system:find("How the card moves", 1, true) and texts.user:find("say hello", 1, true))
end

return {
  name = "code_reviewer",
  description = "Reads the work of others and says what to mend.",
  tools = {
    "read_file",
    "list_directory",
    "search_files",
    "write_file",
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "request_excuse",
  },
  prompt = prompt,
  route = route,
  self_test = self_test,
}
