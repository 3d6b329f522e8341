-- checkpoints.lua: where a run stands after each of its cards: derived from the journal, nothing is stored.
--
-- A checkpoint is the commit with which an issue became done or was parked. The state of that moment is all
-- that the events up to it say: `store.past` opens it, and the tree of then can be made again.

local tree_files = require("orket.workspace.tree_files")

local M = {}

local function add_costs(sum, body)
  sum.turns = sum.turns + 1
  sum.tokens_in = sum.tokens_in + (body.tokens_in or 0)
  sum.tokens_out = sum.tokens_out + (body.tokens_out or 0)
end

local function tree_hash(store, epic, seq)
  local manifest = {}
  for _, row in ipairs(store:read("tree_files", { tree = epic, seq = seq })) do
    manifest[row.path] = row.blob
  end
  return tree_files.hash(manifest)
end

---The newest checkpoints of a run, oldest first.
---@param store table
---@param run {id: string, card: string}
---@param most integer
---@return {seq: integer, at: string, card: string, status: string, reason: string?,
---  done: integer, turns: integer, tokens_in: integer, tokens_out: integer, tree: string}[]
function M.of(store, run, most)
  local all, sum = {}, { done = 0, turns = 0, tokens_in = 0, tokens_out = 0 }
  for _, event in ipairs(store:read("milestones", { run = run.id })) do
    local body = event.body
    if event.kind == "turn.ended" then
      add_costs(sum, body)
    elseif body.type == "issue" then
      sum.done = sum.done + (body.to == "done" and 1 or 0)
      all[#all + 1] = {
        seq = event.seq, at = event.at, card = event.card, status = body.to, reason = body.reason,
        done = sum.done, turns = sum.turns, tokens_in = sum.tokens_in, tokens_out = sum.tokens_out,
      }
    end
  end
  local newest = table.move(all, math.max(1, #all - most + 1), #all, 1, {})
  for _, one in ipairs(newest) do
    one.tree = tree_hash(store, run.card, one.seq)
  end
  return newest
end

return M
