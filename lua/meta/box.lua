---@meta orket.core.box

---Restricted scripts: prepared once, restored from a memory image for each entry.
---@class orket.core.box
local M = {}

---@class orket.box.limits
---@field steps integer? VM instructions and comparable work; default 10 million
---@field ms integer? milliseconds of running; default 100

---Compiles and runs the text once; it returns a table of functions and plain data.
---@param name string appears in messages: "roles/coder.lua:3: ..."
---@param source string
---@param options { mem: integer?, prelude: string? }? mem: bytes of each box, default 16 MiB
---@return orket.box.script|nil
---@return string? message
---@return string? code ERR_SCRIPT_SYNTAX, ERR_SCRIPT, ERR_SCRIPT_CONTRACT, ERR_SCRIPT_MEMORY …
---@return string? fix
function M.prepare(name, source, options) end

---A box for any text.
---@param options { mem: integer? }?
---@return orket.box.cell|nil
---@return string? message
---@return string? code
---@return string? fix
function M.cell(options) end

---@class orket.box.script
local Script = {}

---What the script returned; functions show as {type="function"}.
---@return table
function Script:describe() end

---Calls a function without arguments in a box that is not kept, for scripts that may never run.
---@param fn string
---@return true|nil ok
---@return string? message
---@return string? code
---@return string? fix
function Script:try(fn) end

---One entry: a restored box, one call, plain data back (nil comes as cjson.null).
---@param fn string
---@param args any[]? docs or plain values
---@param limits orket.box.limits?
---@return any value
---@return string? message
---@return string? code
---@return string? fix
function Script:call(fn, args, limits) end

---The names of a function's parameters; nil when there may be any number, or the text has no such function of
---its own.
---@param fn string
---@return string[]|nil
---@return string? message
---@return string? code
---@return string? fix
function Script:parameters(fn) end

---Of its arguments, calls and traces of a function are shown what these masks name, from now on: a mask is an
---object of members, each true or an object again; false shows all of that argument. Asking for another
---member is an error. It holds for one function of a script.
---@param fn string
---@param masks (Doc|false)[]
function Script:mask(fn, masks) end

---A call of which is noted which lines of the script ran.
---@param fn string
---@param args any[]?
---@param limits orket.box.limits?
---@return {value: any, message: string?, code: string?, lines: table<integer, true>, recent: integer[]} trace
---  recent: the
---last lines in the order in which they ran; code and message when it failed
function Script:trace(fn, args, limits) end

---An entry that may perform operations. Keeps a box of its own until it is over.
---@param fn string
---@param args any[]?
---@param limits orket.box.limits?
---@return orket.box.session|nil
---@return string? message
---@return string? code ERR_LIMIT: all boxes of the script are taken
---@return string? fix
function Script:open(fn, args, limits) end

---@class orket.box.session
local Session = {}

---Runs on until the next operation or the end. The first resume starts the function.
---@param value any the answer to the last operation, plain or a doc
---@return "yield"|"done"|nil
---@return any operation_or_value or the message
---@return string? code
---@return string? fix
function Session:resume(value) end

---Gives it up; nothing of it runs any more.
function Session:close() end

---@class orket.box.outcome
---@field outcome "ok"|"error"|"limit"
---@field limit "memory"|"steps"|"time"|nil
---@field value any
---@field message string?
---@field ms number
---@field peak_bytes integer

---@class orket.box.cell
local Cell = {}

---Runs a text in the restored box. Without `steps` only the time counts.
---@param name string
---@param source string
---@param limits orket.box.limits?
---@return orket.box.outcome
function Cell:run(name, source, limits) end

return M
