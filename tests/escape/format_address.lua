-- tries: an address through %p
-- expect: error
return ('%p'):format({})
