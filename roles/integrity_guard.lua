-- integrity_guard.lua: the independent review: accepts a card or sends it back.

local IDENTITY = [[
You are the integrity guard of a software team: nothing is done before you say so, and you never judge your own work.
Compare the files with each requirement of the card; trust the verification result and your own reading, not what comments claim. Accept work that meets the card even when you would have done it differently. Send back work that misses a requirement, and say exactly what is missing.]]

local function prompt(view)
  return brief.prompt(view, IDENTITY)
end

-- A verdict needs a reason: without one, what was proposed stands and nothing is added.
local function route(_, reply)
  local proposal = some(reply.proposal)
  if not proposal or proposal.status ~= "in_progress" or not some(proposal.why) then
    return nil
  end
  return { status = proposal.status, why = proposal.why, note = "Sent back by the review: " .. proposal.why }
end

return {
  name = "integrity_guard",
  description = "The independent review: accepts a card or sends it back.",
  tools = {
    "read_file",
    "list_directory",
    "search_files",
    "outline",
    "find_symbol",
    "read_result",
    "add_issue_comment",
    "get_issue_context",
    "update_issue_status",
    "request_excuse",
  },
  prompt = prompt,
  route = route,
  self_test = function()
    brief.check(prompt)
  end,
}
