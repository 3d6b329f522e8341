-- policy.lua: the house's own judgement of a tool call, asked after the gate said yes. It can only
-- narrow: nil = no opinion, "deny" refuses, "ask" waits for a person. The shipped one has no opinion;
-- a project's nodes/policy.lua replaces it.

---@param call {tool: string, role: string, arguments: table, card: table}
---@return nil|{decision: "deny"|"ask", rule: string, why: string, fix: string}
local function decide()
  return nil
end

return { node = "policy", decide = decide }
