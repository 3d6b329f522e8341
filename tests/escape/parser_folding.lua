-- tries: constant folding of huge expressions
-- expect: stopped
-- generate
return 'return ' .. ('2^'):rep(150) .. '2 ' .. (' + 1e308*10'):rep(20000)
