---@meta orket.core.sys

local M = {}

---UTC, RFC 3339: "2026-01-31T12:00:00.123Z".
---@return string
function M.now() end

---Seconds, for durations only.
---@return number
function M.monotonic() end

---64 hexadecimal digits that no program can know before, nor from earlier ones.
---@return string
function M.nonce() end

---@return string
function M.version() end

---@param fd integer
---@return boolean
function M.is_tty(fd) end

---Columns and rows of a terminal; 80, 24 when it is none.
---@param fd integer
---@return integer columns
---@return integer rows
function M.window(fd) end

---How many files this process may have open at once.
---@return integer
function M.descriptors() end

---The name of the process's user.
---@return string
function M.user() end

---An environment variable: a name that begins with ORKET_, NO_COLOR, TERM, TMPDIR, LC_ALL, LC_CTYPE, LANG,
---OLLAMA_HOST, OPENAI_BASE_URL, ANTHROPIC_BASE_URL, or one of OpenTelemetry's (docs/observability.md). "set"
---stands for the value of a name that ends in _KEY or _HEADERS.
---@param name string
---@return string|nil
function M.env(name) end

---True when the process was started so that it ignores the signal, as by nohup.
---@param signal "SIGHUP"
---@return boolean
function M.is_ignored(signal) end

---Who is at the other end of a unix socket. "trusted": a process of this user, or of root, in our pid and
---user namespaces; "gone": it has ended or is about to; else "stranger".
---@param fd integer
---@return "trusted"|"stranger"|"gone"
function M.peer(fd) end

---The name of the user at the other end of a unix socket; a number when there is no name.
---@param fd integer
---@return string|nil
function M.peer_user(fd) end

---How this process and its machine are, asked on a thread of the pool, as JSON (core/io/host.h): await it.
---@param dir string on the disk in question
---@param done fun(json: string|nil, message: string?, code: string?)
function M.sample(dir, done) end

---The class of an error code: input, refusal, tool, model, limit, system; unknown codes are "bug".
---@param code string
---@return string
function M.error_class(code) end

---The named points of a test build, where ORKET_FAULT can kill or fail; nil in a release build, which has
---none.
---@return {name: string, place: string, what: string, fails: boolean}[]|nil
function M.faults() end

return M
