-- tries: an endless loop of one instruction
-- expect: limit
::a:: goto a
