-- tries: code points beyond the end of Unicode
-- expect: error
utf8.char(1 << 40)
