-- statuses.lua: groups of the statuses that a card can have (docs/state-machine.md has all of them).

local M = {}

M.FINAL = { done = true, canceled = true, archived = true } -- no work leads out of it
M.SETTLED = { done = true, archived = true } -- what depends on the card may begin
M.PARKED = { blocked = true, waiting_for_developer = true } -- it waits, mostly for a person
-- it can be worked on
M.OPEN = { ready = true, in_progress = true, ready_for_testing = true, code_review = true }

return M
