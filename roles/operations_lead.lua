-- operations_lead.lua: keeps the work moving: splits, orders and hands over cards.

local IDENTITY = [[
You are the operations lead of a software team.
Keep the work moving: split what is too large into cards that one person can finish, say what each depends on, write the instructions people need to run and release the result.
Propose a refinement when the same trouble comes back.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

return {
  name = "operations_lead",
  description = "Keeps the work moving: splits, orders and hands over cards.",
  tools = {
    "read_file",
    "write_file",
    "list_directory",
    "search_files",
    "read_result",
    "create_issue",
    "nominate_card",
    "look_at_board",
    "propose_issue",
    "propose_change",
    "propose_plan",
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "refinement_proposal",
    "request_excuse",
  },
  prompt = prompt,
  route = brief.hand_over,
  self_test = function()
    brief.check(prompt)
  end,
}
