---@meta orket.core.fs

---Files beneath a root, for the engine. No path leaves its root (docs/trees.md).
---@class orket.core.fs
local M = {}

---@class FsRoot
local Root = {}

---@class FsEntry
---@field name string   last name (list) or path below the directory (walk)
---@field type "file"|"directory"|"link"|"whiteout"|"other"
---@field size integer  bytes of a file
---@field mtime integer nanoseconds
---@field inode integer
---@field executable boolean

---Opens a directory named by a trusted path.
---@param path string
---@param options {create: boolean?}?
---@return FsRoot|nil
---@return string? message
---@return string? code
function M.root(path, options) end

---@param path string
---@param max integer? default 1 MiB; a larger file is ERR_TOO_LARGE
---@return string|nil bytes
---@return string? message
---@return string? code
function Root:read(path, max) end

---Makes missing directories; replaces a file that exists in one step.
---@param path string
---@param bytes string
---@return true|nil
---@return string? message
---@return string? code
function Root:write(path, bytes) end

---Makes missing directories and a new file, which is there as a whole and on the disk, or not at all. What
---has the name already stays: ERR_EXISTS.
---@param path string
---@param bytes string
---@return true|nil
---@return string? message
---@return string? code
function Root:add(path, bytes) end

---Whoever may read the file may execute it.
---@param path string
---@return true|nil
---@return string? message
---@return string? code
function Root:make_executable(path) end

---@param path string
---@return string|nil hash BLAKE2b-256 in hex
---@return string? message
---@return string? code
function Root:hash(path) end

---@param path string
---@param max integer?
---@return FsEntry[]|nil entries
---@return boolean|string more, or the message
---@return string? code
function Root:list(path, max) end

---Everything below but directories; links are not followed. What a write that was killed half-way left behind
---is removed: nobody else may be writing there.
---@param path string?
---@param max integer?
---@return FsEntry[]|nil entries
---@return boolean|string more, or the message
---@return string? code
function Root:walk(path, max) end

---After a program worked in it: removes what is no file or directory, what has no name and what lies too
---deep, and opens what is closed to its owner.
---@param changes boolean?  it has the changes of a union: whiteouts stay
---@return string[]|nil removed at most 100 places
---@return integer|string count how many, or the message
---@return string? code
function Root:sweep(changes) end

---A file, a link, or an empty directory.
---@param path string
---@return true|nil
---@return string? message
---@return string? code
function Root:delete(path) end

---Whatever it is, with all that is in it.
---@param path string
---@return true|nil
---@return string? message
---@return string? code
function Root:remove(path) end

---@param path string
---@return true|nil
---@return string? message
---@return string? code
function Root:mkdir(path) end

---A link for programs: nothing of this module follows it. ERR_EXISTS.
---@param path string
---@param to string
---@return true|nil
---@return string? message
---@return string? code
function Root:link(path, to) end

---A whiteout in the changes of a union: it hides what has the name in the layers below.
---@param path string
---@return true|nil
---@return string? message
---@return string? code
function Root:hide(path) end

---A directory in the changes of a union hides nothing of the layers below any more.
---@param path string
---@return true|nil
---@return string? message
---@return string? code
function Root:show(path) end

---As walk, of the changes of a union: with its whiteouts, and with those directories, before what is in them,
---that show nothing of the layers below.
---@return FsEntry[]|nil entries
---@return boolean|string more, or the message
---@return string? code
function Root:changes() end

---How many files are below, and when the last of them changed, which no program can choose.
---@return integer|nil count
---@return integer|string newest nanoseconds, or the message
---@return string? code
function Root:census() end

---A directory in this one gets its name, with all that is in it on the disk. ERR_EXISTS.
---@param from string
---@param to string
---@return true|nil
---@return string? message
---@return string? code
function Root:publish(from, to) end

---Layers that nobody writes, and over them what one card changes, as one directory (core/io/union/union.h).
---ERR_LIBRARY: the kernel does not do it for this user.
---@param options {home: string, below: string[], place: string}
---  beneath this root: the directory of its `changes` and `work`; the layers, the upper one first; where
---  programs find it
---@return FsRoot|nil
---@return string? message
---@return string? code
function Root:union(options) end

---A union lets go of its mount, so that its changes may be written otherwise; nothing for other roots. A
---program that was started in it has done that already.
function Root:rest() end

---It can be used again.
---@return true|nil
---@return string? message
---@return string? code
function Root:wake() end

---What is there, after opening it for reading.
---@param path string
---@return "file"|"directory"|nil
---@return string? message
---@return string? code
function Root:kind(path) end

---A root further in, confined like every path.
---@param path string
---@param options {create: boolean?}?
---@return FsRoot|nil
---@return boolean|string made or message: whether `create` made it, so that it is empty
---@return string? code
function Root:beneath(path, options) end

---Where it is, absolute: for programs and people, not for opening.
---@return string|nil
---@return string? message
---@return string? code
function Root:path() end

---@return boolean|nil mine whether it belongs to the user of this process
---@return integer|string device or message
---@return string? code
function Root:owner() end

function Root:close() end

return M
