-- tries: table.move over a range that nobody has
-- expect: limit
table.move({}, 1, 1 << 60, 2)
