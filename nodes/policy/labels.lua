-- labels.lua: what a turn may still do when it has read what came from outside. It may work on its tree and
-- say what it found; what reaches beyond the tree, or destroys, needs a person. A project's own
-- nodes/policy/labels.lua replaces it.

local function decide(call)
  local marks = table.concat(call.labels, ", ")
  if marks == "" or not (call.outward or call.destructive) then
    return nil
  end
  return {
    decision = "ask",
    rule = call.outward and "labels.outward" or "labels.destructive",
    why = "the turn has read what came from outside (" .. marks .. "), and " .. call.tool
      .. (call.outward and " reaches beyond the tree" or " destroys"),
    fix = "a person decides; go on without it, or say with request_excuse what it is for",
  }
end

local function self_test()
  local call = { tool = "t", labels = {}, outward = true, destructive = true }
  assert(decide(call) == nil)
  call.labels = { "untrusted" }
  assert(decide(call).rule == "labels.outward" and decide(call).decision == "ask")
  call.outward = false
  assert(decide(call).rule == "labels.destructive")
  call.destructive = false
  assert(decide(call) == nil)
end

return { decide = decide, when = "labels", self_test = self_test }
