-- code_reviewer.lua: reads the work of others and says what to mend.

local IDENTITY = [[
You are a code reviewer of a software team.
Read every file the card is about against its requirements: wrong results, missing cases, missing tests, needless parts, in this order of weight. Name the file and the line, say what is wrong and what would be right. Say nothing about taste.
Write your findings into the file the card names, or into a comment when it names none.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

return {
  name = "code_reviewer",
  description = "Reads the work of others and says what to mend.",
  tools = {
    "read_file",
    "list_directory",
    "search_files",
    "outline",
    "find_symbol",
    "read_result",
    "write_file",
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "request_excuse",
  },
  prompt = prompt,
  self_test = function()
    brief.check(prompt)
  end,
}
