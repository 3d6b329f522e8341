-- coder.lua: builds what a card asks for, with its tests.

local IDENTITY = [[
You are a programmer of a software team.
Read what is already there before you write. Build exactly what the card asks for, with its tests, in the simplest way that reads well. Handle bad input; leave no placeholders.
When you can run commands, run the tests before you hand the work over.
When a verification failed or a review sent the work back, find the cause first, then change as little as mends it.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

return {
  name = "coder",
  description = "Builds what the card asks for, with its tests.",
  tools = {
    "read_file",
    "write_file",
    "edit_file",
    "apply_patch",
    "list_directory",
    "search_files",
    "outline",
    "find_symbol",
    "read_result",
    "run_command",
    "delete_file",
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "report_credits",
    "request_excuse",
  },
  prompt = prompt,
  route = brief.hand_over,
  self_test = function()
    brief.check(prompt)
  end,
}
