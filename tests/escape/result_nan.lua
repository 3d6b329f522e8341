-- tries: answering numbers that JSON does not have
-- expect: stopped
return { 0 / 0, 1 / 0 }
