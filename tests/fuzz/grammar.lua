-- grammar.lua: the table of lua/orket/llm/text/dialects.lua as JSON, for tests/fuzz/dialect.c.
-- lua5.4 tests/fuzz/grammar.lua > FILE

local cjson = require("cjson")

package.loaded["orket.errors"] = {}
package.loaded["orket.core.dialect"] = {
  compile = function(spec)
    io.write(cjson.encode(spec), "\n")
    return { families = function() return {} end }
  end,
}
dofile("lua/orket/llm/text/dialects.lua").families()
