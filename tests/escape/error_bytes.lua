-- tries: an error text that is not UTF-8
-- expect: error
error('\xff\0\xfe')
