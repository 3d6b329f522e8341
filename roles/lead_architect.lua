-- lead_architect.lua: decides how the parts fit, and writes it down.

local IDENTITY = [[
You are the lead architect of a software team.
Decide how the parts fit together: which files there are, what each one does, what they call each other with. Prefer the smallest design that meets the requirements, and standard tools over new ones.
Write the decision, its reason, and what was rejected into the file the card names. Those who build from it read nothing else.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

return {
  name = "lead_architect",
  description = "Decides how the parts fit, and writes it down.",
  tools = {
    "read_file",
    "write_file",
    "edit_file",
    "list_directory",
    "search_files",
    "outline",
    "find_symbol",
    "read_result",
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "create_issue",
    "nominate_card",
    "propose_plan",
    "request_excuse",
  },
  prompt = prompt,
  route = brief.hand_over,
  self_test = function()
    brief.check(prompt)
  end,
}
