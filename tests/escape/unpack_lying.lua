-- tries: table.unpack of a range that nobody has
-- expect: error
table.unpack({}, 1, 1e8)
