---@meta orket.core.vectors

---What embedders answer: vectors of texts, kept in a file of their own, and held against each other.
---@class orket.core.vectors
local M = {}

---@class Vectors
local Vectors = {}

---The vectors of `count` texts out of an embedder's reply, in OpenAI's form or Gemini's, each of length one.
---@param body string
---@param count integer
---@return string|nil bytes floats, one vector after the other
---@return integer|string dims of each, or a message
---@return integer|string|nil tokens as the reply tells them, or the code: ERR_PROTOCOL, ERR_MEMORY
function M.read(body, count) end

---Opens the file; one that is none is made anew.
---@param path string
---@return Vectors|nil
---@return string? message
---@return string? code
function M.open(path) end

---The cosine of each text with a vector, in parts of 10,000; false where there is none of that length.
---@param model string
---@param texts string[]
---@param query string bytes of one vector
---@return (integer|false)[]|nil
---@return string? message
---@return string? code
function Vectors:near(model, texts, query) end

---The numbers of those texts that have no vector, or none of so many dims.
---@param model string
---@param texts string[]
---@param dims integer?
---@return integer[]|nil
---@return string? message
---@return string? code
function Vectors:missing(model, texts, dims) end

---@param model string
---@param texts string[]
---@param bytes string their vectors, one after the other
---@return true|nil
---@return string? message
---@return string? code
function Vectors:put(model, texts, bytes) end

---@param model string
---@param texts string[]
---@return true|nil
---@return string? message
---@return string? code
function Vectors:drop(model, texts) end

---Takes out all that are not this embedder's.
---@param model string
---@return integer|nil how many
---@return string? message
---@return string? code
function Vectors:keep(model) end

---Idempotent.
function Vectors:close() end

return M
