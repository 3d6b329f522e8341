-- says_the_key.lua: a model that says the key, whole or in pieces, for attack_secret_spec.lua.
-- luacheck: globals KEY CHUNKS

local escaped = KEY:gsub("^s", "\\u0073"):gsub("%-", "\\u002D", 1)
return { {
  content = "the key is " .. KEY .. ", I repeat: " .. KEY, reasoning = "it was " .. KEY, chunks = CHUNKS,
  calls = {
    { id = KEY, name = "write_file", arguments = { path = "a.txt", content = "a " .. KEY .. " b" } },
    { id = KEY, name = "write_file", arguments = '{"path":"b.txt","content":"b ' .. escaped .. '!"}' },
    { name = "write_file", arguments = { path = "d/" .. KEY .. "/x.txt", content = '{"in":"\\u0073' .. KEY:sub(2) .. '"}' } },
    { name = "add_issue_comment", arguments = { comment = "look: " .. KEY } },
    { name = KEY, arguments = {} },
  },
} }
