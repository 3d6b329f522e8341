---@meta orket.core.fsm

---The card state machine: which status change of which card is legal for whom (docs/state-machine.md).
local fsm = {}

---@class orket.fsm.request
---@field type string rock, epic, issue, plan, utility, app
---@field from string a status
---@field to string a status
---@field role string "system" (the engine), "human" (a person), "integrity_guard", or any other role
---@field reason? string a wait reason; required for blocked and waiting_for_developer

---@class orket.fsm.name
---@field name string
---@field meaning string

---@class orket.fsm.verdict
---@field ok boolean
---@field rule string fsm.allow, fsm.name, fsm.type, fsm.final, fsm.edge, fsm.reason, fsm.guard, fsm.system
---@field why string
---@field fix? string

---Judges one status change. Raises when a field is missing, unknown or no string.
---@param request orket.fsm.request
---@return orket.fsm.verdict
function fsm.check(request) end

---All names in their order, with a sentence each.
---@return {types: orket.fsm.name[], statuses: orket.fsm.name[], reasons: orket.fsm.name[]}
function fsm.names() end

---The published table, one row per card type and edge; what is not listed is refused.
---@return {type: string, from: string, to: string, who: string, needs_reason: boolean, what: string}[]
function fsm.rows() end

return fsm
