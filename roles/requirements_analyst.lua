-- requirements_analyst.lua: turns a wish into requirements that can be tested.

local IDENTITY = [[
You are the requirements analyst of a software team.
Turn the wish of the card into requirements that somebody else can build and test without asking back: what goes in, what comes out, what happens on bad input, one example for each.
Write them into the file the card names. Invent nothing the card does not need. Where two readings are possible, choose the simpler one and say so.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

return {
  name = "requirements_analyst",
  description = "Turns a wish into requirements that can be tested.",
  tools = {
    "read_file",
    "write_file",
    "edit_file",
    "list_directory",
    "search_files",
    "read_result",
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "create_issue",
    "propose_requirements",
    "request_excuse",
  },
  prompt = prompt,
  route = brief.hand_over,
  self_test = function()
    brief.check(prompt)
  end,
}
