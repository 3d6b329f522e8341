-- gate_spec.lua: the gate and its permits, from trusted Lua inside the binary; then everything that
-- somebody might try in order to get an effect without the gate's yes.

local orket = dofile("tests/support/orket.lua")

-- Calls a function of tests/support/probes/gate.lua over a small tree.
local function probe(name)
  local dir = orket.directory()
  orket.write(dir .. "/outside/secret.txt", "outside")
  orket.write(dir .. "/tree/src/main.c", "int main(void)\n{\n    return 0; // needle\n}\n")
  orket.write(dir .. "/tree/vendor/lib.c", "needle in vendor\n")
  orket.write(dir .. "/tree/.env", "needle=in the environment\n")
  os.execute("ln -s ../outside " .. dir .. "/tree/way_out; ln -s src/main.c " .. dir .. "/tree/main_link")
  local text = orket.probe(orket.chunk("gate", name) .. " print('fine')", "DIR=" .. dir .. "/tree ")
  orket.remove(dir)
  assert.equal("fine\n", text)
end

describe("gate", function()
  it("the gate allows a call and answers its arguments once parsed", function()
    probe("allows_call_answers_arguments")
  end)

  it("the gate refuses with rule, why and fix", function()
    probe("refuses_rule_why_fix")
  end)

  it("the gate lets a missing file through to the tool, and judges it by its name", function()
    probe("lets_missing_file_through")
  end)

  it("the gate performs what it permitted", function()
    probe("performs_permitted")
  end)

  it("the gate searches off the loop, and passes over what the call may not read", function()
    probe("searches_off_loop_passes")
  end)

  it("the gate reads a file that is shown as it is whole, and none of 100 MB", function()
    probe("reads_shown_file_whole")
  end)

  it("the gate hands card operations out as records", function()
    probe("hands_card_operations_out")
  end)
end)

describe("an operation that destroys", function()
  it("a call that destroys waits for a person, who says yes to exactly that", function()
    probe("call_destroys_waits_person")
  end)

  it("an operation that destroys is asked about by itself when the call did not name it", function()
    probe("operation_destroys_asked_about")
  end)

  it("the table of operations tells which of them destroy", function()
    probe("table_operations_tells_them")
  end)
end)

describe("gate.explain", function()
  it("an explanation tells everything that is against a call, each check by itself", function()
    probe("explanation_tells_everything_against")
  end)

  it("an explanation begins with what the gate itself says", function()
    probe("explanation_begins_gate_itself")
  end)
end)

describe("a rule that asks", function()
  it("a rule that asks says where it stands, and waits for a yes as well", function()
    probe("rule_asks_says_where")
  end)
end)

describe("permits", function()
  it("no code makes a permit without the gate", function()
    probe("no_code_makes_permit")
  end)

  it("the debug library makes no permit of another userdata", function()
    probe("debug_library_makes_no")
  end)

  it("a permit stores what it has written, once it is performed, and in a transaction alone", function()
    probe("stores_what_it_wrote")
  end)

  it("a permit is used once", function()
    probe("permit_used_once")
  end)

  it("a permit of a file operation is not taken, and one of a card operation is not performed", function()
    probe("permit_file_operation_taken")
  end)

  it("an operation cannot be changed after it was judged", function()
    probe("operation_cannot_be_changed")
  end)

  it("a file that is swapped between judgement and effect is not written", function()
    probe("file_swapped_between_judgement")
  end)

  it("a file that is swapped between a call and its first operation is not written", function()
    probe("file_swapped_between_call")
  end)

  it("a call that is refused, finished or closed holds no files open", function()
    probe("call_refused_finished_closed")
  end)

  it("no file is reached through a root that is closed or gone", function()
    probe("no_file_reached_through")
  end)

  it("there is no permit of a file operation without a root", function()
    probe("there_no_permit_file")
  end)

  it("a call of another gate, or of a closed one, is refused", function()
    probe("call_another_gate_closed")
  end)

  it("malformed operations do not pass the gate", function()
    probe("malformed_operations_do_pass")
  end)

  it("rules that are not understood in full are refused", function()
    probe("rules_understood_full_refused")
  end)

  it("no job of the gate outlives the program", function()
    probe("no_job_gate_outlives")
  end)
end)
