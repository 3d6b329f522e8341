-- integrity_guard.lua: the one role of `orket bench turns`: writes a file, reads it back, finishes.
return {
  description = "measures what a step costs",
  tools = { "write_file", "read_file", "finish" },
  prompt = function(view)
    local card = view.card
    return {
      system = "You are an agent of the team. "
        .. ("Work with the tools and report when you are done. "):rep(60),
      user = "[[issue:" .. card.id .. "]] " .. card.name .. "\n" .. (card.description or ""),
    }
  end,
}
