-- tries: widths and precisions beyond reason
-- expect: error
string.format('%999999999d', 1)
