-- tries: performing an operation inside a callback of gsub
-- expect: error
("x"):gsub(".", function() perform({ op = "x" }) end)
