-- tries: answering bytes that are not UTF-8
-- expect: stopped
return '\xff\xfe'
