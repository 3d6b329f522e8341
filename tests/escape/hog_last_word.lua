-- tries: a memory error swallowed by the last instruction
-- expect: limit
return pcall(string.rep, "x", 1 << 40)
