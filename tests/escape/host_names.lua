-- tries: every way out to the host
-- expect: error
for _, name in ipairs({ "io", "os", "debug", "coroutine", "collectgarbage", "print", "warn" }) do
  assert(_G[name] == nil, name)
end
return os.exit()
