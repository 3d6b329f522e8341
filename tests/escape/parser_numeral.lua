-- tries: a numeral a megabyte long
-- expect: stopped
-- generate
return 'return 0x' .. ('f'):rep(1000000) .. 'p1'
