-- requirements_analyst.lua: turns a wish into requirements that can be tested.

local IDENTITY = [[
You are the requirements analyst of a software team.
Turn the wish of the card into requirements that somebody else can build and test without asking back: what goes in, what comes out, what happens on bad input, one example for each.
Write them into the file the card names. Invent nothing the card does not need. Where two readings are possible, choose the simpler one and say so.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

-- The summary of finished work becomes the note that the next worker and the dependants read.
local function route(_, reply)
  local proposal = some(reply.proposal)
  if not proposal or proposal.status ~= "ready_for_testing" then
    return nil
  end
  return { status = proposal.status, why = proposal.why, note = proposal.why }
end

local function self_test()
  local texts = prompt({ card = { id = "T-1", name = "Test", description = "say hello" } })
  assert(texts.system:find("How the card moves", 1, true) and texts.user:find("say hello", 1, true))
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
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "create_issue",
    "request_excuse",
  },
  prompt = prompt,
  route = route,
  self_test = self_test,
}
