-- tries: answering a function
-- expect: stopped
return print or tostring
