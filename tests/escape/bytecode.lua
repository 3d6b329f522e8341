-- tries: corrupt bytecode as a script
-- expect: error
-- generate
return string.char(27) .. "Lua" .. ("\x54\0\x19\x93\r\n\x1a\n"):rep(20)
