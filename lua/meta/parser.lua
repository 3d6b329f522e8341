---@meta orket.core.parser

---What stands in a source text, found by real parsing in a process that can do nothing else: docs/idesign.md.
---@class orket.core.parser
local M = {}

---done(facts) with a JSON list of facts (core/parser/parser.h), or done(nil, message, code, fix): ERR_LIMIT
---when the text is too much for the parser, ERR_JAIL when the process cannot be shut in.
---@param language "python"|"javascript"|"typescript"|"tsx"|"c"|"lua"
---@param text string well-formed UTF-8
---@param done fun(facts: string|nil, message: string?, code: string?, fix: string?)
function M.facts(language, text, done) end

---What a text defines and which names it uses, likewise: facts of `symbols` (core/parser/parser.h).
---@param language "python"|"javascript"|"typescript"|"tsx"|"c"|"lua"
---@param text string well-formed UTF-8
---@param done fun(facts: string|nil, message: string?, code: string?, fix: string?)
function M.symbols(language, text, done) end

---Which language reads a file, by the ending of its name; nil: none.
---@param path string
---@return string|nil
function M.grammar(path) end

return M
