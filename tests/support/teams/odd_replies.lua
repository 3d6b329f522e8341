-- odd_replies.lua: replies with odd calls, one kind after the other, for run_spec.lua.

local OK = {
  write("d/a.txt", "one\ntwo\nthree\n"), call("read_file", { path = "d/a.txt", offset = 4, limit = 3 }),
  call("edit_file", { path = "d/a.txt", old = "two", new = "2" }), call("search_files", { text = "three" }),
  call("list_directory", { path = "d" }), call("report_credits", { amount = 2.5 }),
  call("add_issue_comment", { comment = "a comment" }), call("get_issue_context", {}),
  call("nominate_card", { card = "A", reason = "good work" }),
  call("refinement_proposal", { subject = "the coder", proposal = "more of it" }),
  call("create_issue", { seat = "dev", summary = "a child", depends_on = { "A" } }),
}
local BAD = {
  call("edit_file", { path = "d/a.txt", old = "nope", new = "2" }), call("list_directory", { path = "nope" }),
  call("read_file", { path = "." }), call("report_credits", { amount = -1 }),
  call("write_file", { path = ".git/config", content = "x" }), call("write_file", { path = "", content = "x" }),
  call("write_file", { path = "x/", content = "x" }), call("nominate_card", { card = "A" }),
  call("add_issue_comment", { comment = "" }),
}
function work(talk)
  if talk.card ~= "A" then
    return say(write("child", "x"), finish())
  end
  return steps(talk, function() return { calls = OK } end, function() return { calls = BAD } end,
    function(t) return say(write("said", table.concat(t.said, "\n")), finish()) end)
end
