---@meta orket.core.gate

---The gate: the one door between what a model asks for and an effect. See docs/gate.md.
---@class orket.core.gate
local gate = {}

---@class GateVerdict
---@field decision "allow"|"ask"|"deny"
---@field rule string  stable id: "gate.…", "house.…" or "fsm.…"
---@field why string   one sentence
---@field fix string   one sentence, may be empty
---@field where string|nil the rule, role or tool that
---  decided: "config/organization.json#/process_rules/gate/0"

---@class GateCall an allowed call
local call = {}

---The parsed arguments, for the tool's box.
---@return userdata doc
function call:arguments() end

---What was judged: {tool, role, arguments, paths, card = {id, type, status}}, and the members of `more`.
---paths: the names of the path arguments as they are beneath the tree ("./a//b" is "a/b").
---@param more table|userdata|nil a table or a doc
---@param path string|nil where an operation of the call goes: one more of paths
---@return userdata doc
function call:view(more, path) end

---@return string name of the tool
function call:tool() end

---What exactly was judged: role, card, its type and status, tool, arguments.
---@return string hex
function call:hash() end

---A person said yes to exactly this: the same hash. Of what the gate asks about, nothing comes before.
---@param hash string hex
---@return boolean accepted
function call:accept(hash) end

---Nothing is done with it any more: lets go of the files it was judged on. Its permits end with it.
function call:close() end

---@class GatePermit the single-use yes for one resolved operation
local permit = {}

---Performs exactly the judged fs.* operation, once: done(result) or done(nil, message, code).
---fs.read: {content, bytes, more?}; fs.write: {path, bytes}; fs.delete: {path};
---fs.list: {path, entries = {{name, type, size}…}, more?};
---fs.search: {matches = {{path, line, text, before?, after?}…}, files, more?, next?, ignored?}; {paths, …}
---A program may be given a place: {root?, env?, show?}, another working directory than the call's tree, and
---what it has besides, as in proc.run. Without one it is permit:perform(done).
---@param place table|nil
---@param done function
function permit:perform(place, done) end

---The command of the organization that a proc.run is; `grant` is what a person said yes to: the hash of argv
---and egress.
---@return {argv: string[], egress: table?, install: table?, grant: string?}|nil
function permit:command() end

---The fields of the judged card.* or turn.* operation, once.
---@return table|nil fields
---@return string? message
---@return string? code
function permit:take() end

---What the performed fs.write has written, as a blob of a transaction: the bytes never come to Lua. Raises
---when nothing was written with it, and as tx:blob does.
---@param tx StoreTx
---@return string hash
function permit:store(tx) end

---How many bytes an fs.write writes.
---@return integer|nil
function permit:size() end

---The bytes that an fs.write writes, for rules about texts.
---@return string|nil
function permit:content() end

---@return string kind "fs.write"
function permit:kind() end

---The canonical name beneath the card's tree; nil for card.* and turn.*.
---@return string|nil
function permit:path() end

---Who may do exactly what: role, card, tool, resolved name, fields.
---@return string hex
function permit:hash() end

---A person said yes to exactly this: the same hash. A permit that the gate asks about works only then.
---@param hash string hex
---@return boolean accepted
function permit:accept(hash) end

---@class GateRequest
---@field role string
---@field card {id: string, type: string, status: string}
---@field tool string
---@field arguments string|table|userdata
---@field root userdata?
---@field scope string[]?
---@field calls integer?

---@class Gate
local Gate = {}

---Parses the arguments once, resolves their paths, judges. Without a root paths are judged by their
---text, and no operation on files gets a permit.
---@param request GateRequest
---@return GateCall|nil call
---@return GateVerdict? refusal
---@return GateCall? asked  when the refusal asks: others may still deny it, and call:accept makes it a call
function Gate:call(request) end

---Everything that the gate has against a call: each check by itself, in their order. Nothing is kept open.
---@param request table as for call
---@return GateVerdict[] refusals empty when the call is allowed
function Gate:explain(request) end

---Resolves and judges one operation of the call's tool.
---@param allowed GateCall
---@param operation table|userdata {op = "fs.write", …}
---@param facts {issues: integer?}|nil what the caller counted
---@return GatePermit|nil permit
---@return GateVerdict? refusal
---@return GatePermit? asked  when the refusal asks: it works after permit:accept
function Gate:operation(allowed, operation, facts) end

---The same as a dry run; no permit comes of it.
---@param allowed GateCall
---@param operation table|userdata
---@return GateVerdict
function Gate:judge(allowed, operation) end

---@class GateRates token buckets of the house
local Rates = {}

---Takes a call's share of every bucket that it concerns, or says when there will be one.
---@param now number seconds of a clock that does not go back
---@param tool string
---@param role string
---@param model string|nil
---@return GateVerdict|nil refusal gate.rate
function Rates:take(now, tool, role, model) end

---Takes the share of a call that was let through, oldest first.
---@param at number seconds of the same clock
---@param tool string
---@param role string
---@param model string|nil
function Rates:count(at, tool, role, model) end

---Nothing was left in any bucket then.
---@param at number seconds of the same clock
function Rates:empty(at) end

---Seconds from empty to full, of the slowest bucket.
---@return number
function Rates:longest() end

---Full buckets.
---@param list table[] {tool?, role?, model?, per_second | per_minute, burst?}
---@param where string the place of the list, for refusals
---@return GateRates|nil
---@return string? message
---@return string? code
function gate.rates(list, where) end

---@param config table {tools, roles, rules?, limits?, types?}
---@return Gate|nil
---@return string? message
---@return string? code
function gate.build(config) end

---The gate's own rules in the order of the checks.
---@return {id: string, refuses: string}[]
function gate.rules() end

---What an operation leaves behind: nothing, an event, content that can be looked at, or something beyond.
---@param kind string
---@return "none"|"journal"|"idempotent"|"once"|nil
function gate.effect(kind) end

---What an operation is by nature; nil for an unknown kind. What destroys or reaches beyond the tree is risky
---too.
---@param kind string
---@return {destructive: boolean, outward: boolean, risky: boolean}|nil
function gate.nature(kind) end

---What a text holds that has the form of a secret.
---@param text string
---@return string|nil what
function gate.leak(text) end

return gate
