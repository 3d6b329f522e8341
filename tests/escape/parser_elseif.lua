-- tries: a chain of branches that the compiler patches quadratically
-- expect: limit
-- generate
return 'if a then ' .. ('elseif a then '):rep(60000) .. 'end'
