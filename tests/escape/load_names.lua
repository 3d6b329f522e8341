-- tries: every way to compile code
-- expect: error
for _, name in ipairs({ "load", "loadstring", "dofile", "loadfile", "require", "module", "package" }) do
  assert(_G[name] == nil, name)
end
return load("return 1")()
