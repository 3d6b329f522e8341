-- tries: functions nested 100,000 deep
-- expect: error
-- generate
return ('return function() '):rep(50000)
