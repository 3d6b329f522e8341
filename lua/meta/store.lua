---@meta orket.core.store

---The journal and its projections (docs/journal.md). Events are the only write.
---@class orket.core.store
local M = {}

---@class Store
local Store = {}

---@class StoreStream the events of one turn of one run; turn 0 is the run's own, run "board" the people's
local Stream = {}

---@class StoreTx events, blobs and messages that become durable together or not at all
local Tx = {}

---@class StoreEvent
---@field seq integer  commit order
---@field run string
---@field turn integer|string
---@field step integer
---@field n integer    number in its stream
---@field kind string
---@field card string?
---@field actor string
---@field role string?
---@field at string    UTC, RFC 3339
---@field body table

---@class StoreReport
---@field ok boolean
---@field events integer
---@field streams integer
---@field blobs integer
---@field messages integer
---@field heads integer signed ones
---@field rows integer
---@field problem_count integer
---@field problems table[]

---Opens, creates or migrates; at most one process writes (ERR_OWNED).
---@param path string
---@param options {readonly: boolean?, beside: boolean?, hasty: boolean?}? beside: opened in a thread, and
---asked by Store:opened before anything else; hasty: commits survive the process, not a power loss
---@return Store|nil
---@return string? message
---@return string? code ERR_STORE, _NEWER, _OLDER, _BUSY, _FULL, _READONLY, _CORRUPT, ERR_OWNED, ERR_IO
---@return string? fix
function M.open(path, options) end

---The database as it was after the commit `seq` (0: before the first): every query, head, view and tree
---answers as of that moment, and nothing can be written. About ten microseconds for each event before it.
---@param path string
---@param seq integer
---@return Store|nil
---@return string? message
---@return string? code ERR_NOT_FOUND: there is no such commit yet; ERR_STORE_CORRUPT, ERR_STORE_*
---@return string? fix
function M.past(path, seq) end

---Makes `dir` for this user alone and in it the key that signs the heads of runs, where there is none.
---@param dir string `.orket` of a project
---@return string|nil hex its public part
---@return string? message
---@return string? code ERR_DENIED: others may read it, it is not this user's, or key and key.pub differ;
---  ERR_CONFIG, ERR_IO
---@return string? fix
function M.key(dir) end

---One of store.past goes on to a later commit, at the cost of the events between.
---@param seq integer
---@return true|nil ok
---@return string? message
---@return string? code as store.past answers it; afterwards the store is only to be closed
---@return string? fix
function Store:forward(seq) end

---Verifies every chain, hash and signature and rebuilds every projection in a temporary database.
---@param path string
---@return StoreReport|nil
---@return string? message
---@return string? code
function M.check(path) end

---A backup in the new directory `dir`: a copy of one snapshot, the signing key, verified after it was
---written; also while an owner writes.
---@param path string
---@param dir string
---@return {seq: integer, bytes: integer}|nil copied
---@return string? message
---@return string? code ERR_EXISTS, ERR_STORE_CORRUPT (what it copied is damaged), ERR_IO, ERR_STORE_*
---@return string? fix
function M.backup(path, dir) end

---Puts a backup in the place of a database that is damaged or missing; without `dir` what is left of that
---itself.
---@param path string
---@param dir string?
---@return {seq: integer, bytes: integer, lost: integer?, kept: string?}|nil copied lost: the last commit that
---  was durable
---before; kept: where beside it the replaced files lie
---@return string? message
---@return string? code ERR_OWNED, ERR_EXISTS (the database is sound), ERR_DENIED
---  (another key), ERR_STORE_CORRUPT (the
---backup is damaged), ERR_NOT_FOUND, ERR_IO, ERR_STORE_*
---@return string? fix
function M.restore(path, dir) end

---Waits for a store that is opened beside.
---@return true|nil ok
---@return string? message
---@return string? code as store.open answers it
---@return string? fix
function Store:opened() end

---A handle; actor (default "engine") and role go into its events. Loads the stream's head.
---@param place {run: string, turn: integer|string|nil, actor: string?, role: string?}
---@return StoreStream stream  raises an Error when the database cannot be read
function Store:stream(place) end

---From its next read on, a store without a writer shows one moment until it is closed; for a command that
---reads very much. Raises as Store:read does.
function Store:hold() end

---@param name string   a section of queries.sql
---@param params table? name -> string, number, boolean or cjson.null
---A database that fails is raised, as an Error: nobody could go on without the rows.
---@return table[] rows columns by name; NULL is nil; a column "x:json" comes decoded as x
function Store:read(name, params) end

---The same on a thread of the pool, over a connection of its own: for what takes longer than the loop may
---wait. The rows as one JSON text, an array of objects; await it: async.await(store.read_aside, store, name,
---params).
---@param name string
---@param params table<string, string|number|boolean> eight at most
---@param done fun(rows: string|nil, message: string?, code: string?, fix: string?)
function Store:read_aside(name, params, done) end

---How long commits took since it was opened, from their submission to their `done`: how many up to each bound
---(the last one is infinite: all), their sum, and how many wait now.
---@return {bounds: number[], upto: integer[], seconds: number, waiting: integer}
function Store:latency() end

---A query that answers one JSON text.
---@param name string
---@param params table?
---@return userdata|nil doc
---@return string? message
---@return string? code ERR_NOT_FOUND when there is no row; a database that fails is raised
function Store:read_doc(name, params) end

---@param hash string
---@return string|nil bytes
---@return string? message
---@return string? code
function Store:blob(hash) end

---@param hash string a message, as tx:message answered it
---@return string|nil bytes
---@return string? message
---@return string? code
function Store:message(hash) end

---@param hash string a message, as tx:message answered it
---@return string[]|nil messages the first one first
---@return string? message
---@return string? code
function Store:conversation(hash) end

---The hash over the heads of a run's streams, in the order of their turns.
---@param run string
---@return string|nil hash
---@return string? message
---@return string? code
function Store:head(run) end

---Whether a run is what was signed each time it ended, and the source of a fork what it was then.
---@param run string
---@return true|nil ok
---@return string? message names the commit that is not what it was
---@return string? code
function Store:proved(run) end

---@class StoreRoom what was removed, and the bytes of the file
---@field events integer
---@field blobs integer
---@field messages integer
---@field bytes integer
---@field before integer
---@field after integer
---@field cramped boolean

---Empties the events of dropped runs (`run.dropped`), removes what nothing live refers to, gives the room
---back.
---@param runs string[] runs to be counted as dropped as well
---@param dry boolean only count
---@return StoreRoom|nil
---@return string? message
---@return string? code
function Store:make_room(runs, dry) end

---Calls fn for each committed event, in commit order, before the done of its transaction.
---@param fn fun(event: StoreEvent)
---@param kinds string[]? beginnings of kinds: { "card.", "turn.ended" }
---@return fun() unsubscribe
function Store:subscribe(fn, kinds) end

---A commit that the machine refuses (no space, an I/O error, no memory) is tried again for so long before it
---fails; by default it fails at once. `stuck(nil, message, code, fix)` is called when one begins to wait,
---`stuck(took)` when that is over.
---@param seconds number
---@param stuck fun(took: boolean?, message: string?, code: string?, fix: string?)
function Store:be_patient(seconds, stuck) end

---What waits fails now, and later ones at once.
function Store:give_up() end

---Waits for what was committed, calls the dones still owed. Idempotent.
function Store:close() end

---@return StoreTx tx  raises an Error when there is no memory, or nothing may be written
function Stream:begin() end

---The number of its last event, counting those committed but not yet durable.
---@return integer
function Stream:n() end

---@return integer
function Stream:step() end

function Stream:close() end

---@param kind string       a section of projections.sql, but card.moved
---@param card string|nil
---@param body table|userdata plain data or a doc; an object
---@param options {step: integer?}?
---@return integer n    its number in the stream; an event that is too large raises an Error, ERR_LIMIT
function Tx:event(kind, card, body, options) end

---The one door of every status change: the state machine judges it here.
---@param card string
---@param body {type: string, from: string, to: string, role: string, rev: integer, reason: string?}
---@return integer|nil n
---@return string? why
---@return string? code ERR_TRANSITION
---@return string? fix
---@return string? rule
function Tx:move(card, body) end

---@param bytes string
---@return string hash
function Tx:blob(bytes) end

---@param parent string|nil the message before; nil begins a conversation
---@param bytes string
---@return string hash names the conversation up to this message
function Tx:message(parent, bytes) end

---done(first_seq) or done(nil, message, code, fix), once, from the loop. Without done a failure shows at
---the stream's next transaction, which then fails too.
---@param done fun(seq: integer?, message: string?, code: string?, fix: string?)?
function Tx:commit(done) end

---Nothing of it happens.
function Tx:abandon() end

---How much is in it now.
---@return integer
function Tx:mark() end

---What was put in since the mark is forgotten; the transaction is as it was then.
---@param mark integer
function Tx:rollback(mark) end

return M
