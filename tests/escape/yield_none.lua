-- tries: yielding without coroutines
-- expect: error
coroutine.yield(1)
