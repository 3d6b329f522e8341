-- tries: performing an operation inside a comparator (across C)
-- expect: error
table.sort({ 2, 1 }, function() perform({ op = "x" }) end)
