-- tries: a traversal whose order would depend on addresses
-- expect: error
for _ in pairs({ [{}] = 1, [print or type] = 2 }) do end
