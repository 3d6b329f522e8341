-- tries: errors in handlers of errors
-- expect: error
xpcall(error, function() error(setmetatable({}, { __index = error })) end) error()
