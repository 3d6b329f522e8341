import assert from "node:assert/strict";
import test from "node:test";

import { slug } from "../src/index.js";

test("words are joined by hyphens", () => assert.equal(slug("Two Words"), "two-words"));
test("letters lose their marks", () => assert.equal(slug("Café"), "cafe"));
test("hyphens are single, and none is at an end", () => assert.equal(slug(" So, what? "), "so-what"));
