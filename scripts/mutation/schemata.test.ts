import { expect } from "chai";
import { mistakesIn } from "./generate.ts";
import { locate } from "./named.ts";
import { buildIn } from "./schemata.ts";
import { type Source, parse } from "./syntax.ts";

const head = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.28;\n";

function sourceOf(code: string): Source {
  return parse(new Map([["contracts/Example.sol", Buffer.from(head + code)]]))[0]!;
}

/** The source with these replacements built in, numbered from 1; solc must accept it. */
function mutate(
  code: string,
  ...replacements: readonly (readonly [original: string, mutated: string])[]
): string {
  const source = sourceOf(code);
  const mutants = replacements.map(([original, mutated], index) => {
    const { range } = locate({ name: "a fault", file: "Example.sol", original, mutated, tests: [] }, [
      source,
    ]);
    return { number: index + 1, file: source.path, range, mutated };
  });
  const text = buildIn(source, mutants);
  parse(new Map([["contracts/Example.sol", Buffer.from(text)]]));
  return text.slice(head.length);
}

const sum = (body: string) =>
  `contract Example { uint256 total; function add(uint256 a, uint256 b) external returns (uint256 c) { ${body} } }`;
const balance = "address(0x657fEFc3f1Ba371d02E9661b33610ca4579BEEec).balance";

describe("mutants built into a source", () => {
  it("choose between two expressions by the switch", () => {
    expect(mutate(sum("c = a + b;"), ["a + b", "a - b"])).to.equal(
      sum(`c = (${balance} == 1 ? (a - b) : (a + b));`),
    );
  });

  it("choose between statements, and leave statements out", () => {
    expect(mutate(sum("total += a; c = b;"), ["total += a;", ""], ["c = b;", "c = a; total = b;"])).to.equal(
      sum(
        `{ if (${balance} == 1) {  } else { total += a; } } { if (${balance} == 2) { c = a; total = b; } else { c = b; } }`,
      ),
    );
  });

  it("may stand in one place, and one inside the other", () => {
    const text = mutate(
      sum("c = a * (a + b);"),
      ["a * (a + b)", "a"],
      ["a * (a + b)", "b"],
      ["a + b", "a - b"],
    );
    expect(text).to.equal(
      sum(
        `c = (${balance} == 1 ? (a) : ((${balance} == 2 ? (b) : (a * ((${balance} == 3 ? (a - b) : (a + b)))))));`,
      ),
    );
  });

  it("are built into inline assembly, expressions and statements", () => {
    const text = mutate(
      sum("assembly { c := add(a, b) mstore(0, c) }"),
      ["add(a, b)", "a"],
      ["mstore(0, c)", ""],
    );
    expect(text).to.include(
      "c := mutantOr(eq(balance(0x657fEFc3f1Ba371d02E9661b33610ca4579BEEec), 1), a, add(a, b))",
    );
    expect(text).to.include("case 1 {  } default { mstore(0, c) }");
  });

  it("make pure functions view, but no user-defined operator", () => {
    const text = mutate(
      `type Id is uint256; using {same as ==} for Id global;
       function same(Id a, Id b) pure returns (bool) { return Id.unwrap(a) == Id.unwrap(b); }
       function twice(uint256 a) pure returns (uint256) { return a + a; }`,
      ["a + a", "a"],
    );
    expect(text).to.include("same(Id a, Id b) pure");
    expect(text).to.include("twice(uint256 a) view");
  });

  it("count offsets in bytes, also behind letters of several", () => {
    expect(mutate(`/* ─── ‖ */ ${sum("c = a;")}`, ["c = a;", "c = b;"])).to.include(
      "{ c = b; } else { c = a; }",
    );
  });
});

describe("a mutant that cannot be built in is refused", () => {
  const refusals: Record<string, [code: string, original: string, mutated: string, message: RegExp]> = {
    "its text is not there": [sum("c = a;"), "c = b;", "", /does not contain: "c = b;"/],
    "its text is there twice": [
      sum("c = a; c = a;"),
      "c = a;",
      "",
      /more than once, again in line 3: "c = a;"/,
    ],
    "it is part of an expression": [
      sum("c = a + b;"),
      "+ b",
      "",
      /neither a whole expression nor whole statements/,
    ],
    "it is part of a statement": [
      sum("c = a;"),
      "= a;",
      "= b;",
      /neither a whole expression nor whole statements/,
    ],
    "it is an expression left out": [sum("c = a + b;"), "a + b", "", /only statements can be left out/],
    "it declares a variable": [sum("uint256 d = a; c = d;"), "uint256 d = a;", "", /declares a variable/],
    "it is assigned to": [
      "contract Example { uint256[1] list; function f(uint256 a) external { list[0] = a; } }",
      "list[0]",
      "a",
      /is assigned to or called/,
    ],
    "it is a constant": ["uint256 constant LIMIT = 7;", "7", "8", /is in a constant/],
  };
  for (const [reason, [code, original, mutated, message]] of Object.entries(refusals)) {
    it(reason, () => {
      expect(() => mutate(code, [original, mutated])).to.throw(message);
    });
  }

  it("two overlap", () => {
    const source = sourceOf(sum("c = a; total = b; c = b;"));
    const range = (original: string) =>
      locate({ name: "a fault", file: "Example.sol", original, mutated: "", tests: [] }, [source]).range;
    const [left, right] = ["c = a; total = b;", "total = b; c = b;"].map((text, index) => ({
      number: index + 1,
      file: source.path,
      range: range(text),
      mutated: "",
    }));
    expect(() => buildIn(source, [left!, right!])).to.throw(/mutants overlap/);
  });
});

describe("where a named mutant stands", () => {
  it("is the first place behind another text", () => {
    const source = sourceOf(sum("c = a; total = 1; c = a;"));
    const mutant = { name: "a fault", file: "Example.sol", original: "c = a;", mutated: "", tests: [] };
    const { range } = locate({ ...mutant, after: "total = 1;" }, [source]);
    expect(source.bytes.subarray(0, range.start).toString()).to.match(/total = 1; $/);
    expect(source.bytes.subarray(range.start, range.end).toString()).to.equal("c = a;");
  });

  it("does not depend on line breaks", () => {
    const source = sourceOf(sum("c = a +\n  b;"));
    const mutant = { name: "a fault", file: "Example.sol", original: "a + b", mutated: "a", tests: [] };
    expect(locate(mutant, [source]).range).to.have.keys("start", "end");
  });

  it("is in a file that exists", () => {
    const mutant = { name: "a fault", file: "Other.sol", original: "a", mutated: "b", tests: [] };
    expect(() => locate(mutant, [])).to.throw('"a fault": there is no contracts/Other.sol');
  });
});

describe("the usual mistakes", () => {
  const found = (code: string) =>
    mistakesIn(sourceOf(code)).map(({ what, mutated }) => `${what}: ${mutated}`);

  it("are comparisons, guards left out, and statements left out", () => {
    expect(found(sum("if (a < b) revert(); c = a;"))).to.include.members([
      "< becomes <=: a <= b",
      "< becomes >=: a >= b",
      "statement is left out: ",
    ]);
    const guarded = `error No(); ${sum("if (a < b) revert No();")}`;
    expect(found(guarded)).to.include("guard is left out: false");
  });

  it("are arguments of one type swapped, in calls but not in what an error says", () => {
    const code = `error Differ(uint256 a, uint256 b);
      contract Example {
        function f(uint256 a, uint256 b) internal {}
        function g(uint256 a, uint256 b) external { f(a, b); revert Differ(a, b); }
      }`;
    expect(found(code)).to.include("arguments 1 and 2 are swapped: f(b, a)");
    expect(found(code).join()).not.to.include("Differ(b, a)");
  });

  it("are made in assembly, too", () => {
    expect(found(sum("assembly { c := shr(a, b) }"))).to.deep.equal([
      "statement is left out: ",
      "shr becomes shl: shl(a, b)",
    ]);
  });

  it("do not stop a loop from getting on, nor change a constant", () => {
    expect(found(sum("for (uint256 i; i < a; i += 1) {}")).join()).not.to.match(/i -= 1|i \+ 1|left out/);
    expect(found("uint256 constant LIMIT = 7 + 1;")).to.deep.equal([]);
  });

  it("can all be built in at once", () => {
    const source = sourceOf(
      `contract Example {
        uint256 total;
        function f(uint256 a, bool yes) external returns (uint256) {
          if (!yes && a > 3 || a == 0) { total += a; } else total = a * 2 - 1;
          return yes ? a >> 1 : (a & 7) + total;
        }
      }`,
    );
    const mutants = mistakesIn(source).map((mistake, index) => ({
      ...mistake,
      number: index + 1,
      file: source.path,
    }));
    expect(mutants.length).to.be.greaterThan(12);
    parse(new Map([["contracts/Example.sol", Buffer.from(buildIn(source, mutants))]]));
  });
});
