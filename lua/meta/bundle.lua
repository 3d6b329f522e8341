---@meta orket.core.bundle

---A run in one file (docs/audit.md).
---@class orket.core.bundle
local M = {}

---@class BundleProblem the first record that is not what was signed
---@field what "changed"|"missing"|"moved"|"repeated"|"added"|"cut off"|"false"
---@field why string
---@field kind string  of the record
---@field id string?
---@field line integer

---@class BundleReport
---@field ok boolean      every record is what was signed, in its place, and nothing else
---@field run string?     nil: the header is not readable
---@field engine string?
---@field key string?     the public key in the header, which signed the rest when ok
---@field hash string?    of the run, when ok
---@field source string?  of a fork, when ok: the run that it goes on from
---@field source_at integer? after this commit
---@field records integer those that are right
---@field counts table<string, integer> of blob, message, generation, prefix, source, event, board
---@field problem BundleProblem?

---Writes a run to a file, which appears when it is whole, or to standard output.
---@param store Store
---@param run string
---@param engine string version
---@param path string?
---@return {records: integer, counts: table<string, integer>, hash: string, key: string}|nil
---@return string? message
---@return string? code ERR_NOT_FOUND, ERR_STORE_CORRUPT, ERR_DENIED, ERR_IO, ERR_STORE_*
---@return string? fix
function M.export(store, run, engine, path) end

---Reads a bundle; nothing but the file is looked at.
---@param path string
---@return BundleReport|nil
---@return string? message
---@return string? code ERR_NOT_FOUND, ERR_IO, ERR_MEMORY
function M.verify(path) end

return M
