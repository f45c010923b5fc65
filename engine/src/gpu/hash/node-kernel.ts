import { PERMUTATION, RATE_WORDS, stateWord } from "./permutation.ts";

/** Levels that one dispatch climbs at most. */
export const NODE_LEVELS = 3;
export const NODE_THREADS = 64;
/** Words of its parameters. */
export const NODE_PARAMETERS = 8;

const MOST_CHILDREN = 2 ** NODE_LEVELS;

/**
 * Climbs up to three levels of trees whose leaves stand one tree after another: keccak(0x01 ‖ level ‖ left ‖ right). A thread takes
 * the 2^levels digests below one parent: it needs no other thread, and most operators no second dispatch.
 */
export const NODE_KERNEL = /* wgsl */ `
struct Parameters {
  /** Digests that are written to parents. */
  parents: u32,
  levels: u32,
  /** Level of the children; 0 for leaves. */
  below: u32,
  firstChild: u32,
  /** The digest in parents that the first parent is. */
  firstParent: u32,
}
@group(0) @binding(0) var<storage, read> p: Parameters;
@group(0) @binding(1) var<storage, read> children: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> parents: array<vec4<u32>>;

var<private> nodes: array<vec4<u32>, ${2 * MOST_CHILDREN}>;
${PERMUTATION}

struct Digest { low: vec4<u32>, high: vec4<u32> }

fn node(level: u32, index: u32) -> Digest {
  let first = nodes[4u * index];
  let second = nodes[4u * index + 1u];
  let third = nodes[4u * index + 2u];
  let fourth = nodes[4u * index + 3u];
  var state: State;
  // Two bytes of tag and level move all data by half a word.
  ${stateWord(0)} = (first.x << 16u) | (level << 8u) | 1u;
${childWords()
  .map((word, index, words) => {
    const next = words[index + 1];
    const high = next === undefined ? "(1u << 16u)" : `(${next} << 16u)`;
    return `  ${stateWord(index + 1)} = ${high} | (${word} >> 16u);`;
  })
  .join("\n")}
  ${stateWord(RATE_WORDS - 1)} = 0x80000000u;
  state = permuted(state);
  return Digest(vec4(state.lane0, state.lane1), vec4(state.lane2, state.lane3));
}

@compute @workgroup_size(${NODE_THREADS})
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let parent = (id.y * groups.x + id.x) * ${NODE_THREADS}u + thread;
  if (parent >= p.parents) { return; }
  let words = 2u << p.levels;
  let first = 2u * p.firstChild + parent * words;
  for (var word = 0u; word < words; word++) { nodes[word] = children[first + word]; }
  for (var level = 1u; level <= p.levels; level++) {
    for (var index = 0u; index < (1u << (p.levels - level)); index++) {
      let digest = node(p.below + level, index);
      nodes[2u * index] = digest.low;
      nodes[2u * index + 1u] = digest.high;
    }
  }
  parents[2u * (p.firstParent + parent)] = nodes[0];
  parents[2u * (p.firstParent + parent) + 1u] = nodes[1];
}
`;

/** The sixteen words of both children. */
function childWords(): string[] {
  const words = ["x", "y", "z", "w"];
  return ["first", "second", "third", "fourth"].flatMap((part) => words.map((word) => `${part}.${word}`));
}
