-- tries: the debug library under every name it might have
-- expect: error
return debug.getregistry or _G.debug.sethook
