-- tries: a replacement that names captures that are not there
-- expect: error
('x'):gsub('x', '%9')
