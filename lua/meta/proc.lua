---@meta orket.core.proc

---One program in a jail: docs/processes.md.
---@class orket.core.proc
local M = {}

---@class ProcRequest
---@field argv string[]           the program and its arguments; no shell
---@field cwd_root FsRoot?        working directory, the only place it can write; or
---@field cwd string?             its (trusted) path; or
---@field scratch boolean?        an empty place of 64 MB that goes away with it
---@field env table<string, string>?  besides PATH, LANG, HOME, TMPDIR; may replace them
---@field stdin string?
---@field show string[]?          directories that it can read besides the system's
---@field wall number?            seconds, default 30
---@field cpu number?             seconds, default 30
---@field mem integer?            bytes, default 512 MiB
---@field procs integer?          processes and threads at one time, default 64
---@field fsize integer?          bytes of one file, default 64 MiB
---@field files integer?          new files in its directory, default 10,000
---@field output integer?         bytes of stdout and stderr together, default 1 MiB
---@field egress ProcEgress?      what it may reach, through HTTP_PROXY; nothing without

---@class ProcEgress  docs/egress.md
---@field hosts {host: string, port: integer, private: boolean?}[]  private: it may lead to an address that
---  is not of the Internet
---@field bytes integer           in both directions, of all requests
---@field seconds number          from the first connection on

---@class ProcRequested  one request of a program with egress
---@field host string?            nil when it could not be read
---@field port integer?
---@field method string?          "CONNECT" of TLS
---@field path string?            without its query; nil of CONNECT
---@field address string?         that it was connected to, or that was refused
---@field status integer?         of HTTP's answer
---@field sent integer            bytes
---@field received integer
---@field hash string?            of the content of HTTP, or of the bytes of TLS, that were received
---@field rule string?            "egress.host": why it was refused or cut
---@field why string?             likewise; or why it failed

---@class ProcResult
---@field exit integer?           exit code
---@field signal integer?         or the signal that ended it
---@field limit "time"|"cpu"|"memory"|"output"|"files"|"processes"|nil
---@field stdout string
---@field stderr string
---@field ms integer
---@field layers string[]         the walls that stood around it, docs/processes.md
---@field requests ProcRequested[]?  with egress
---@field egress_limit "bytes"|"seconds"|"requests"|nil  the bound of it that was hit

---done(result) or done(nil, message, code, fix): ERR_JAIL when it cannot be isolated, ERR_PROC when it cannot
---be started, ERR_CANCELED after cancel().
---@param request ProcRequest
---@param done fun(result: ProcResult|nil, message: string?, code: string?, fix: string?)
---@return function|nil cancel
function M.run(request, done) end

---@class ProcTalk
---@field write fun(text: string)      to its standard input
---@field end_input fun()              ends that
---@field renew fun()                  it has `wall` and `output` anew from now on
---@field complaints fun(): string     what it wrote to its standard error lately
---@field cancel fun()                 kills it

---One that is talked to: `on_output` gets its standard output as it comes (it is not in the result). Without
---an answer it did not start, and done was called.
---@param request ProcRequest without stdin
---@param on_output fun(bytes: string)
---@param done fun(result: ProcResult|nil, message: string?, code: string?, fix: string?)
---@return ProcTalk|nil
function M.talk(request, on_output, done) end

---What every jail of this process hides from now on (nothing runs before that was said): absolute paths of
---directories, which are empty inside, and files. What a request shows beneath them, and its working
---directory, lie on top.
---@param paths string[]
function M.hide(paths) end

---The absolute path without links, also of what does not exist yet.
---@param path string
---@return string|nil real
---@return integer|string names  its number of hard links, 0 when it does not exist; or the message
---@return string? code
function M.real(path) end

---Where a real path, or a part of it, is seen in a jail that shows `more` (real paths) besides the system's
---directories.
---@param path string
---@param more string[]
---@return {place: string, through: string}[]|nil
---@return string? message
---@return string? code
function M.visible(path, more) end

return M
